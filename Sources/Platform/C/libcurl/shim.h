#pragma once
// The variadic calls below are reached through typed shims, so the macros that check their types are not needed.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

static inline CURLcode shim_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode shim_easy_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/// For strings, lists and user data; libcurl copies strings and nothing else.
static inline CURLcode shim_easy_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
static inline CURLcode shim_easy_set_receiver(CURL *easy, CURLoption option, curl_write_callback function) {
    return curl_easy_setopt(easy, option, function);
}

static inline CURLcode shim_easy_set_open_socket(CURL *easy, curl_opensocket_callback function) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}

/// The HTTP version of the answer as CURL_HTTP_VERSION_*, 0 before there is one.
static inline long shim_easy_http_version(CURL *easy) {
    long version = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    return version;
}

static inline CURLMcode shim_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode shim_multi_set_socket(CURLM *multi, curl_socket_callback function, void *data) {
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, data);
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, function);
}

static inline CURLMcode shim_multi_set_timer(CURLM *multi, curl_multi_timer_callback function, void *data) {
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, data);
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, function);
}

/// For CURLOPT_READFUNCTION.
static inline CURLcode shim_easy_set_reader(CURL *easy, curl_read_callback function) {
    return curl_easy_setopt(easy, CURLOPT_READFUNCTION, function);
}

/// The last code that the server answered with, 0 before there is one.
static inline long shim_easy_response_code(CURL *easy) {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
}
