// System calls of the host's side that Swift's Glibc module does not offer. No Python, any thread.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A descriptor that ds_wake makes readable and ds_wake_take unreadable again; owned by the caller.
/// -1 and errno where there is none to be had.
int ds_wake_create(void);
/// Never blocks, never fails on such a descriptor.
void ds_wake(int descriptor);
void ds_wake_take(int descriptor);

/// A pipe whose reading end does not block: 0, or an errno value. Both ends are the caller's.
int ds_pipe_create(int *_Nonnull reading, int *_Nonnull writing);

/// Sends what the socket takes now: the number of bytes, 0 where it takes none, -1 where the other end
/// is gone.
long ds_send_now(int socket, const void *_Nullable bytes, size_t count);

/// Accepts a connection that is not inherited by other programs: a descriptor of the caller's, or -1
/// with errno.
int ds_accept(int listener);

/// Bytes on disk of a folder and all below, at least 4096 for each entry, counted until they exceed
/// `limit`, as folders do that are nested more than 96 times. Does not follow links nor enter other file
/// systems. What cannot be read counts nothing. Blocks.
uint64_t ds_tree_size(const char *_Nonnull path, uint64_t limit);
/// The same for the files that the process of this pidfd has open and that no folder names any more; 0
/// where this user may not look.
uint64_t ds_nameless_size(int process, uint64_t limit);
/// Removes a folder and all below, however deep and whatever its permissions; links are not followed.
/// Nobody else may change it meanwhile. Blocks. 0 or an errno value.
int ds_remove_tree(const char *_Nonnull path);

/// Replaces a file by one with these bytes, for its owner alone, so that after a crash of the program
/// or of the machine it is the old one or the new one, whole. Blocks until it is on disk. 0 or an
/// errno value; the file is then as it was.
int ds_replace_file(const char *_Nonnull path, const void *_Nullable bytes, size_t count);

/// Tells the processor that this thread looks for what another one writes. Some 40 cycles.
static inline void ds_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// A checksum (FNV-1a, 64 bits) that tells damage, not malice.
uint64_t ds_checksum(const void *_Nullable bytes, size_t count);

#ifdef __cplusplus
}
#endif
