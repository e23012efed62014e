/* Plugin of qemu-user: counts the instructions of a program, and tells the count at every call of umask.
 *
 * With it a program marks its stages: umask(0700 + stage) does nothing else that matters to it. One line a
 * call, "stage count", goes to the file that COUNTER_FILE names. The declarations are those of QEMU's plugin
 * interface, version 1 (docs/devel/tcg-plugins.rst); a header of it is in no package of Debian's. */

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { UMASK = 166, MARK = 0700, INLINE_ADD = 0 };

typedef uint64_t plugin_id;
struct qemu_plugin_tb;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t,
    uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);

int qemu_plugin_version = 1;

static uint64_t count;
static FILE *marks;

static void on_block(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD, &count, qemu_plugin_tb_n_insns(block));
}

static void on_call(plugin_id id, unsigned cpu, int64_t number, uint64_t mask, uint64_t b, uint64_t c, uint64_t d,
    uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    (void)id, (void)cpu, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    if (number == UMASK && mask >= MARK)
        fprintf(marks, "%" PRIu64 " %" PRIu64 "\n", mask - MARK, count);
}

int qemu_plugin_install(plugin_id id, const void *machine, int argc, char **argv)
{
    (void)machine, (void)argc, (void)argv;
    const char *name = getenv("COUNTER_FILE");
    marks = name ? fopen(name, "w") : NULL;
    if (!marks)
        return 1;
    /* The emulator ends without closing files. */
    setvbuf(marks, NULL, _IOLBF, BUFSIZ);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    return 0;
}
