#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>

#include "ConversionShims.h"

int ds_buffer_view(PyObject *object, int writable, struct ds_buffer_view *view) {
  Py_buffer *buffer = malloc(sizeof *buffer);
  if (!buffer) {
    PyErr_NoMemory();
    return -1;
  }
  int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
  if (PyObject_GetBuffer(object, buffer, flags)) {
    free(buffer);
    return -1;
  }
  view->bytes = buffer->buf;
  view->count = (size_t)buffer->len;
  view->item_size = (size_t)buffer->itemsize;
  view->item_count = buffer->itemsize > 0 ? (size_t)(buffer->len / buffer->itemsize) : 0;
  view->dimensions = buffer->ndim;
  view->format = buffer->format ? buffer->format : "B";
  view->state = buffer;
  return 0;
}

void ds_buffer_view_release(struct ds_buffer_view *view) {
  PyBuffer_Release(view->state);
  free(view->state);
}

// ---- Memory that Swift owns ----------------------------------------------------------------------

typedef struct {
  PyObject_HEAD
  void *bytes;
  Py_ssize_t item_count;
  Py_ssize_t item_size;
  char format[8];
  int writable;
  void *context;
  void (*release)(void *context);
} HostMemory;

static int host_memory_get_buffer(PyObject *self, Py_buffer *view, int flags) {
  HostMemory *memory = (HostMemory *)self;
  if ((flags & PyBUF_WRITABLE) && !memory->writable) {
    PyErr_SetString(PyExc_BufferError, "this memory belongs to Swift and is read-only");
    return -1;
  }
  view->obj = Py_NewRef(self);
  view->buf = memory->bytes;
  view->len = memory->item_count * memory->item_size;
  view->readonly = !memory->writable;
  view->itemsize = memory->item_size;
  view->format = (flags & PyBUF_FORMAT) ? memory->format : NULL;
  view->ndim = 1;
  view->shape = (flags & PyBUF_ND) ? &memory->item_count : NULL;
  view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &memory->item_size : NULL;
  view->suboffsets = NULL;
  view->internal = NULL;
  return 0;
}

static void host_memory_dealloc(PyObject *self) {
  HostMemory *memory = (HostMemory *)self;
  memory->release(memory->context);
  Py_TYPE(self)->tp_free(self);
}

static PyBufferProcs host_memory_buffer = {.bf_getbuffer = host_memory_get_buffer};

static PyTypeObject HostMemoryType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_dynasaur.HostMemory",
    .tp_basicsize = sizeof(HostMemory),
    .tp_dealloc = host_memory_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_as_buffer = &host_memory_buffer,
};

PyObject *ds_new_memory(void *bytes, size_t item_count, size_t item_size, const char *format,
                        int writable, void *context, void (*release)(void *context)) {
  HostMemory *memory = NULL;
  if (PyType_Ready(&HostMemoryType) == 0) memory = PyObject_New(HostMemory, &HostMemoryType);
  if (!memory) {
    release(context);
    return NULL;
  }
  memory->bytes = bytes;
  memory->item_count = (Py_ssize_t)item_count;
  memory->item_size = (Py_ssize_t)item_size;
  snprintf(memory->format, sizeof memory->format, "%s", format);
  memory->writable = writable;
  memory->context = context;
  memory->release = release;
  PyObject *view = PyMemoryView_FromObject((PyObject *)memory);
  Py_DECREF(memory);
  return view;
}
