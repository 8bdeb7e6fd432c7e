/* Tells ThreadSanitizer what GLib's synchronisation means; part of TSan builds only.
 *
 * GLib's mutexes, conditions and reference counts are futexes and atomics inside a library that is
 * not instrumented, so TSan would see data handed from thread to thread and no reason why that is
 * fine. Each function here wraps GLib's own and adds the one annotation: "release" before what
 * publishes, "acquire" after what receives. */
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* GLib's own function of this name, looked up once. */
#define REAL(name, ...)                                                                            \
	static __typeof__(&name) real;                                                             \
	if (!__atomic_load_n(&real, __ATOMIC_RELAXED))                                             \
		__atomic_store_n(&real, (__typeof__(&name))dlsym(RTLD_NEXT, #name),                \
		                 __ATOMIC_RELAXED);                                                \
	__VA_ARGS__

#undef g_mutex_lock
#undef g_mutex_unlock

void g_mutex_lock(GMutex *mutex)
{
	REAL(g_mutex_lock, real(mutex));
	__tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
	REAL(g_mutex_trylock, gboolean locked = real(mutex));
	if (locked)
		__tsan_acquire(mutex);
	return locked;
}

void g_mutex_unlock(GMutex *mutex)
{
	__tsan_release(mutex);
	REAL(g_mutex_unlock, real(mutex));
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
	__tsan_release(mutex);
	REAL(g_cond_wait, real(cond, mutex));
	__tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end)
{
	__tsan_release(mutex);
	REAL(g_cond_wait_until, gboolean woken = real(cond, mutex, end));
	__tsan_acquire(mutex);
	return woken;
}

void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
	__tsan_release(queue);
	REAL(g_async_queue_push, real(queue, data));
}

gpointer g_async_queue_pop(GAsyncQueue *queue)
{
	REAL(g_async_queue_pop, gpointer data = real(queue));
	__tsan_acquire(queue);
	return data;
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue)
{
	REAL(g_async_queue_try_pop, gpointer data = real(queue));
	__tsan_acquire(queue);
	return data;
}

gpointer g_async_queue_timeout_pop(GAsyncQueue *queue, guint64 timeout)
{
	REAL(g_async_queue_timeout_pop, gpointer data = real(queue, timeout));
	__tsan_acquire(queue);
	return data;
}

/* A thread pool hands @data to one of its threads; each of ours takes a lock before it looks. */
gboolean g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
	__tsan_release(pool);
	REAL(g_thread_pool_push, gboolean pushed = real(pool, data, error));
	return pushed;
}

#undef g_once_init_enter
#undef g_once_init_leave

gboolean(g_once_init_enter)(volatile void *location)
{
	REAL(g_once_init_enter, gboolean first = real(location));
	__tsan_acquire((void *)location);
	return first;
}

void(g_once_init_leave)(volatile void *location, gsize result)
{
	__tsan_release((void *)location);
	REAL(g_once_init_leave, real(location, result));
}

/* Who drops the last reference frees: after everything the others did. */
#define WRAP_UNREF(name, Type)                                                                     \
	void name(Type *object)                                                                    \
	{                                                                                          \
		if (object) {                                                                      \
			__tsan_release(object);                                                    \
			__tsan_acquire(object);                                                    \
		}                                                                                  \
		REAL(name, real(object));                                                          \
	}

WRAP_UNREF(g_bytes_unref, GBytes)
WRAP_UNREF(g_hash_table_unref, GHashTable)
WRAP_UNREF(g_ptr_array_unref, GPtrArray)
