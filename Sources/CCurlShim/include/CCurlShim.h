#pragma once

#include <curl/curl.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call.
// Each function here fixes one argument type and returns libcurl's own result unchanged. None of
// them takes ownership; strings are copied by libcurl unless its documentation of the option says
// otherwise.

/// Sets an option that takes a `long`.
CURLcode dynasaur_curl_set_long(CURL *easy, CURLoption option, long value);

/// Sets an option that takes a `curl_off_t`.
CURLcode dynasaur_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value);

/// Sets an option that takes a C string.
CURLcode dynasaur_curl_set_string(CURL *easy, CURLoption option, const char *value);

/// Sets an option that takes a data pointer, which must stay valid as libcurl documents for it.
CURLcode dynasaur_curl_set_pointer(CURL *easy, CURLoption option, const void *value);

/// A write or header callback: returns the number of bytes it took; any other number than
/// `size * count` ends the transfer with CURLE_WRITE_ERROR.
typedef size_t (*dynasaur_curl_receiver)(char *bytes, size_t size, size_t count, void *context);

/// Sets CURLOPT_WRITEFUNCTION or CURLOPT_HEADERFUNCTION.
CURLcode dynasaur_curl_set_receiver(CURL *easy, CURLoption option, dynasaur_curl_receiver value);

/// Makes the transfer's sockets close on exec, so that no program started by this process inherits
/// a connection (which would also keep it open after we close it).
CURLcode dynasaur_curl_close_on_exec(CURL *easy);

/// The result of a finished transfer. `message` must be a CURLMSG_DONE message.
CURLcode dynasaur_curl_result(const CURLMsg *message);
