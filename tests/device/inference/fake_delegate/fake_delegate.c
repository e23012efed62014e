/* A fake of libedgetpu: a TFLite delegate that takes no operator over, so that the CPU does the work.
 *
 * FAKE_DELEGATE names a file whose first word says how it fails; it is read while loading (absent, crash,
 * hang) and every 5 ms afterwards (crash, hang; anything else is well).
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The head of tensorflow/lite/core/c/common.h's TfLiteDelegate, with room for what later versions add. */
typedef struct Delegate {
    void *data;
    int (*prepare)(void *context, struct Delegate *delegate);
    void *unused[16];
} Delegate;

static int take_nothing_over(void *context, Delegate *delegate) {
    (void)context;
    (void)delegate;
    return 0;
}

static void read_order(char *order) {
    const char *path = getenv("FAKE_DELEGATE");
    FILE *file = path ? fopen(path, "r") : NULL;
    order[0] = 0;
    if (file) {
        if (fscanf(file, "%15s", order) != 1) order[0] = 0;
        fclose(file);
    }
}

static void obey(const char *order) {
    if (!strcmp(order, "crash")) raise(SIGSEGV);
    if (!strcmp(order, "hang")) raise(SIGSTOP);
}

static void *watch(void *unused) {
    char order[16];
    (void)unused;
    for (;;) {
        read_order(order);
        obey(order);
        usleep(5000);
    }
    return NULL;
}

Delegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                        void (*report_error)(const char *)) {
    char order[16];
    pthread_t thread;
    Delegate *delegate;
    (void)keys, (void)values, (void)count;
    read_order(order);
    if (!strcmp(order, "absent")) {
        if (report_error) report_error("no device found");
        return NULL;
    }
    obey(order);
    delegate = calloc(1, sizeof *delegate);
    delegate->prepare = take_nothing_over;
    pthread_create(&thread, NULL, watch, NULL);
    return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
