#pragma once
// What Swift cannot call of libmicrohttpd: variadic functions and a va_list logger. Compiles with 0.9.75 and 1.0.
#include <microhttpd.h>
#include <stdio.h>

/// What one daemon is started with. Every callback gets `context`.
struct shim_daemon_options {
  void *context;
  MHD_AcceptPolicyCallback accept;
  MHD_AccessHandlerCallback handle;
  MHD_NotifyConnectionCallback connection_changed;
  MHD_RequestCompletedCallback request_completed;
  void *(*request_started)(void *context, const char *target, struct MHD_Connection *connection);
  void (*log)(void *context, const char *message);
  int listen_socket;
  unsigned int connection_limit;
  size_t memory_limit;
};

static void shim_log(void *options, const char *format, va_list arguments) {
  struct shim_daemon_options *target = (struct shim_daemon_options *) options;
  char message[512];
  vsnprintf(message, sizeof message, format, arguments);
  target->log(target->context, message);
}

/// Starts a daemon that is driven by epoll from outside. `options` must outlive it.
static inline struct MHD_Daemon *shim_start(struct shim_daemon_options *options) {
  return MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
      options->accept, options->context, options->handle, options->context,
      MHD_OPTION_EXTERNAL_LOGGER, shim_log, (void *) options,
      MHD_OPTION_LISTEN_SOCKET, options->listen_socket,
      MHD_OPTION_CONNECTION_LIMIT, options->connection_limit,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->memory_limit,
      MHD_OPTION_NOTIFY_CONNECTION, options->connection_changed, options->context,
      MHD_OPTION_NOTIFY_COMPLETED, options->request_completed, options->context,
      MHD_OPTION_URI_LOG_CALLBACK, options->request_started, options->context,
      MHD_OPTION_STRICT_FOR_CLIENT, 1,
      MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
      MHD_OPTION_END);
}

static inline void shim_add_request_id(struct MHD_Response *response, const char *id) {
  MHD_add_response_header(response, "Request-Id", id);
}

static inline void shim_add_close(struct MHD_Response *response) {
  MHD_add_response_header(response, "Connection", "close");
}

static inline int shim_epoll_descriptor(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info ? info->epoll_fd : -1;
}

/// Whether MHD_run must be called again at once.
static inline int shim_is_due(struct MHD_Daemon *daemon) {
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  return MHD_get_timeout(daemon, &milliseconds) == MHD_YES && milliseconds == 0;
}

static inline int shim_is_opened(enum MHD_ConnectionNotificationCode change) {
  return change == MHD_CONNECTION_NOTIFY_STARTED;
}

static inline int shim_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

static inline const struct sockaddr *shim_peer(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info ? info->client_addr : NULL;
}

static inline void *shim_socket_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static inline size_t shim_header_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info ? info->header_size : 0;
}

static inline void shim_each_header(
    struct MHD_Connection *connection, MHD_KeyValueIteratorN visit, void *context) {
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, visit, context);
}

/// A response with a copy of `bytes`.
static inline struct MHD_Response *shim_response(const void *bytes, size_t count) {
  return MHD_create_response_from_buffer(count, (void *) bytes, MHD_RESPMEM_MUST_COPY);
}

/// A response of `bytes` themselves, which must stay until `done` is called with `context`.
static inline struct MHD_Response *shim_shared_response(
    const void *bytes, size_t count, MHD_ContentReaderFreeCallback done, void *context) {
  return MHD_create_response_from_buffer_with_free_callback_cls(count, (void *) bytes, done, context);
}

/// A response of unknown length, read piece by piece.
static inline struct MHD_Response *shim_streamed_response(
    size_t block, MHD_ContentReaderCallback read, void *context, MHD_ContentReaderFreeCallback done) {
  return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block, read, context, done);
}

static const ssize_t shim_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t shim_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;
