/* Picks the command, hands it its options and standard output, prints the one error line, exits. All other
 * code returns its errors; commands/session.c alone also ends the process, at a signal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/text.h"
#include "commands/commands.h"
#include "commands/guard.h"
#include "commands/trained.h"
#include "options/options.h"
#include "options/options_completion.h"
#include "options/options_man.h"
#include "options/options_render.h"
#include "clsnn/status.h"

#ifndef CLSNN_VERSION
#error "the build passes the project's version as -DCLSNN_VERSION=\"...\""
#endif
#define OPENCL_TARGET 120 /* CL_TARGET_OPENCL_VERSION of the build: OpenCL 1.2 */
#if defined(CL_TARGET_OPENCL_VERSION) && CL_TARGET_OPENCL_VERSION != OPENCL_TARGET
#error "main.c reports another OpenCL version than the build targets"
#endif

static const struct {
    /* options_table.c holds each command's name and purpose, which the manual page shows too */
    enum clsnn_command command;
    enum clsnn_status (*run)(const struct clsnn_options *o);
} runs[] = {
    {CLSNN_CMD_TRAIN, clsnn_cmd_train},   {CLSNN_CMD_EVAL, clsnn_cmd_eval},
    {CLSNN_CMD_REPLAY, clsnn_cmd_replay}, {CLSNN_CMD_DEVICES, clsnn_cmd_devices},
    {CLSNN_CMD_DATA, clsnn_cmd_data},     {CLSNN_CMD_BENCH, clsnn_cmd_bench},
    {CLSNN_CMD_SWEEP, clsnn_cmd_sweep},   {CLSNN_CMD_REPRODUCE, clsnn_cmd_reproduce},
    {CLSNN_CMD_VERIFY, clsnn_cmd_verify}, {CLSNN_CMD_PREDICT, clsnn_cmd_predict},
    {CLSNN_CMD_IMPORT, clsnn_cmd_import}, {CLSNN_CMD_EXPORT, clsnn_cmd_export},
    {CLSNN_CMD_TUNE, clsnn_cmd_tune},     {CLSNN_CMD_PROBE, clsnn_cmd_probe},
    {CLSNN_CMD_RUNS, clsnn_cmd_runs},     {CLSNN_CMD_DIFF, clsnn_cmd_diff},
};

/* Opens *out on standard output, then points descriptor 1 at stderr: OpenCL compilers and CLBlast print on
 * descriptor 1, and would mix their lines with results. */
static enum clsnn_status take_stdout(FILE **out) {
    /* Descriptors 0 to 2 must exist. Otherwise a data file could get such a number, and messages would be
     * written into it. */
    bool closed = false;
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
        if (fd == STDOUT_FILENO) closed = true;
        if (open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return clsnn_fail(CLSNN_E_IO, "/dev/null: %s", strerror(errno));
    }
    if (closed)
        return clsnn_fail(CLSNN_E_IO, "standard output is closed: send it to /dev/null if it is not wanted");

    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!file || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        int error = errno;
        if (file)
            fclose(file);
        else if (fd >= 0)
            close(fd);
        return clsnn_fail(CLSNN_E_IO, "standard output: %s", strerror(error));
    }
    *out = file;
    return CLSNN_OK;
}

static void print_version(FILE *out) {
    fprintf(out, "clsnn %s\nOpenCL %d.%d (CL_TARGET_OPENCL_VERSION %d)\n", CLSNN_VERSION, OPENCL_TARGET / 100,
            OPENCL_TARGET / 10 % 10, OPENCL_TARGET);
}

static void print_overview(FILE *out) {
    fputs("Usage: clsnn COMMAND [OPTION]...\nA spiking network that learns MNIST, on OpenCL "
          "devices.\n\nCommands:\n",
          out);
    for (size_t k = 0; k < clsnn_n_commands; k++)
        fprintf(out, "  %-12s%s\n", clsnn_commands[k].name, clsnn_commands[k].purpose);
    fputs("  help        COMMAND: its options (the same as COMMAND --help)\n"
          "  man         [COMMAND | files]: prints the manual page\n"
          "  completion  bash, zsh or fish: prints a completion script\n"
          "\nStart with:\n"
          "  clsnn devices\n"
          "  clsnn train --neurons 100 --train-images 2000 --test-images 1000\n",
          out);
}

/* The commands that have no options. */
static const struct {
    const char *name, *help;
} plain_commands[] = {
    {"help", "Usage: clsnn help [COMMAND]\n"
             "Prints the options of a command, as COMMAND --help does; without one, all commands.\n"},
    {"man", "Usage: clsnn man [COMMAND | files]\n"
            "Prints the manual page, that of a command, or that of all files; on a terminal man shows it.\n"
            "clsnn man >clsnn.1 keeps it.\n"},
    {"completion", "Usage: clsnn completion [bash | zsh | fish]\n"
                   "Prints a completion script, for bash if no shell is named. It is used by:\n"
                   "  source <(clsnn completion bash)\n"
                   "  source <(clsnn completion zsh)      after compinit\n"
                   "  clsnn completion fish | source\n"},
};

/* Returns the help of a command that has no options; NULL: it is none. */
static const char *plain_help(const char *name) {
    for (size_t k = 0; k < sizeof plain_commands / sizeof *plain_commands; k++)
        if (strcmp(plain_commands[k].name, name) == 0) return plain_commands[k].help;
    return NULL;
}

/* Writes the page of a command, of the files, or, with neither, of all. */
static void write_man(const struct clsnn_command_info *info, bool files, FILE *to) {
    if (files)
        clsnn_options_man_files(to);
    else if (info)
        clsnn_options_man_command(info, to);
    else
        clsnn_options_man(to);
}

/* Prints a manual page, as write_man; on a terminal man shows it. */
static enum clsnn_status print_man(const struct clsnn_command_info *info, bool files, FILE *out) {
    int ends[2], code = 0;
    if (!isatty(fileno(out))) {
        write_man(info, files, out);
        return CLSNN_OK;
    }
    if (pipe(ends) != 0) return clsnn_fail(CLSNN_E_IO, "man: %s", strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        dup2(ends[0], STDIN_FILENO);
        dup2(fileno(out), STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("man", "man", "-l", "-", (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    FILE *page = fdopen(ends[1], "w");
    if (page) {
        write_man(info, files, page);
        fclose(page);
    } else {
        close(ends[1]);
    }
    if (child > 0 && waitpid(child, &code, 0) == child && WIFEXITED(code) && WEXITSTATUS(code) == 0)
        return CLSNN_OK;
    return clsnn_fail(
        CLSNN_E_FAILED,
        "man: no program man shows the page here: clsnn man >clsnn.1 writes it, clsnn help COMMAND "
        "prints options");
}

static const struct clsnn_command_info *find_command(const char *name) {
    for (size_t k = 0; k < clsnn_n_commands; k++)
        if (strcmp(clsnn_commands[k].name, name) == 0) return &clsnn_commands[k];
    return NULL;
}

static enum clsnn_status unknown_command(const char *name) {
    const char *names[32] = {"help", "man", "completion"};
    size_t n = 3;
    for (size_t k = 0; k < clsnn_n_commands && n < sizeof names / sizeof *names; k++)
        names[n++] = clsnn_commands[k].name;
    const char *near = clsnn_nearest(name, names, n);
    char shown[CLSNN_EXCERPT];
    clsnn_excerpt(name, shown);
    if (name[0] == '-')
        return clsnn_fail(CLSNN_E_USAGE, "%s stands before the command: usage: clsnn COMMAND [OPTION]...",
                          shown);
    if (near) return clsnn_fail(CLSNN_E_USAGE, "unknown command %s: did you mean %s?", shown, near);
    return clsnn_fail(CLSNN_E_USAGE, "unknown command %s: clsnn --help lists them", shown);
}

static enum clsnn_status run_command(const struct clsnn_command_info *info, int argc, char **argv, FILE *out,
                                     bool *verbose, bool *is_result) {
    struct clsnn_options o = {0};
    enum clsnn_parse_action action;
    enum clsnn_status st = clsnn_options_parse(info->command, argc, argv, &o, &action);
    if (st != CLSNN_OK) return st;
    o.out = out;
    *verbose = o.verbose;
    *is_result = action == CLSNN_PARSE_RUN;
    switch (action) {
    case CLSNN_PARSE_HELP: clsnn_options_help(info->command, out); break;
    case CLSNN_PARSE_VERSION: print_version(out); break;
    case CLSNN_PARSE_PRINT_CONFIG:
        if (info->command & (CLSNN_CMD_EVAL | CLSNN_CMD_PREDICT | CLSNN_CMD_PROBE) && o.n_operands)
            st = clsnn_trained_settings(&o);
        if (st == CLSNN_OK) clsnn_options_print_config(&o, out);
        break;
    case CLSNN_PARSE_RUN:
        clsnn_guard_start(info->name);
        for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++)
            if (runs[k].command == info->command) st = runs[k].run(&o);
        break;
    }
    clsnn_options_finish(&o);
    return st;
}

/* Answers the calls that need no options: overview, version, help, manual page, completion. Sets *out_info
 * when a command is to run instead. */
static enum clsnn_status dispatch(int argc, char **argv, FILE *out,
                                  const struct clsnn_command_info **out_info) {
    const char *name = argc > 1 ? argv[1] : "--help";
    bool help = strcmp(name, "help") == 0;
    const char *plain = plain_help(help && argc == 3 && argv[2][0] != '-' ? argv[2] : name);
    const bool asks = argc == 3 && (help || strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
    if (plain && asks) {
        fputs(plain, out);
        return CLSNN_OK;
    }
    const bool man = strcmp(name, "man") == 0, completion = strcmp(name, "completion") == 0;
    char shown[CLSNN_EXCERPT];
    if (argc > 3 && (help || man || completion))
        return clsnn_fail(CLSNN_E_USAGE, "%s: unexpected operand \"%s\"", name,
                          clsnn_excerpt(argv[3], shown));
    const struct clsnn_command_info *about = (help || man) && argc == 3 ? find_command(argv[2]) : NULL;
    const bool files = man && argc == 3 && strcmp(argv[2], "files") == 0;
    if ((help || man) && argc == 3 && !about && !files) return unknown_command(argv[2]);
    if (help && about) {
        clsnn_options_help(about->command, out);
    } else if (help || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_overview(out);
    } else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        print_version(out);
    } else if (man) {
        return print_man(about, files, out);
    } else if (completion) {
        const int shell = clsnn_choice_index(CLSNN_COMPLETION_SHELLS, argc == 3 ? argv[2] : "bash");
        if (shell < 0)
            return clsnn_fail(CLSNN_E_USAGE, "completion: shell %s: must be one of " CLSNN_COMPLETION_SHELLS,
                              clsnn_excerpt(argv[2], shown));
        clsnn_options_completion(shell, out);
    } else {
        *out_info = find_command(name);
        if (!*out_info) return unknown_command(name);
    }
    return CLSNN_OK;
}

/* Closes out. A failed write (closed pipe, full disk) is a failure even if the command returned CLSNN_OK. But
 * text about the program is no result: its reader (head, a pager) may leave when it has seen enough. */
static enum clsnn_status close_stdout(FILE *out, bool is_result) {
    struct pollfd pipe = {.fd = fileno(out), .events = POLLOUT};
    bool failed = ferror(out) != 0, unread = false;
    if (!is_result && poll(&pipe, 1, 0) == 1) unread = pipe.revents & POLLERR;
    errno = 0;
    if (fclose(out) != 0) failed = true;
    if (!failed || unread || (!is_result && errno == EPIPE)) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_IO, "standard output: %s",
                      errno ? strerror(errno) : "results could not be written");
}

int main(int argc, char **argv) {
    FILE *out = NULL;
    const struct clsnn_command_info *info = NULL;
    bool is_result = false;
    /* --verbose is looked for by hand, so that a failure to parse the options names its place too. */
    bool verbose = false;
    for (int k = 2; k < argc; k++)
        if (strcmp(argv[k], "--verbose") == 0 || strcmp(argv[k], "-v") == 0) verbose = true;
    signal(SIGPIPE, SIG_IGN); /* a reader that went away becomes a failed write, which is reported */
    enum clsnn_status st = take_stdout(&out);
    if (st == CLSNN_OK) st = dispatch(argc, argv, out, &info);
    if (st == CLSNN_OK && info) st = run_command(info, argc - 1, argv + 1, out, &verbose, &is_result);
    if (out) {
        enum clsnn_status closed = close_stdout(out, is_result);
        if (st == CLSNN_OK) st = closed;
    }
    if (st != CLSNN_OK && (*clsnn_error_text() || st != CLSNN_STOPPED)) {
        const char *text = *clsnn_error_text() ? clsnn_error_text() : "failed without a reason";
        int n = (int)strlen(text);
        while (n > 0 && text[n - 1] == '\n') n--; /* texts of libraries may end in newlines */
        fprintf(stderr, "clsnn%s%s: %.*s", info ? " " : "", info ? info->name : "", n, text);
        if (verbose && *clsnn_error_place()) fprintf(stderr, " (%s)", clsnn_error_place());
        fputc('\n', stderr);
    }
    return clsnn_exit_code(st);
}
