/* Text and numbers: excerpts for messages, the nearest known name, numbers to text and back. */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

const char *clsnn_excerpt(const char *text, char out[CLSNN_EXCERPT]) {
    size_t room = CLSNN_EXCERPT - 1, n = strlen(text), kept = n <= room ? n : room - 3;
    /* The cut is never inside a UTF-8 sequence: terminals would show the rest of the line wrong. */
    if (kept < n)
        while (kept > 0 && ((unsigned char)text[kept] & 0xC0u) == 0x80u) kept--;
    for (size_t k = 0; k < kept; k++) {
        unsigned char c = (unsigned char)text[k];
        out[k] = c < 0x20 || c == 0x7F ? '?' : text[k];
    }
    memcpy(out + kept, "...", kept < n ? 4 : 0);
    if (kept == n) out[kept] = '\0';
    return out;
}

size_t clsnn_utf8_length(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < 0x80) return 1;
    const size_t n = c[0] >= 0xC2 && c[0] < 0xE0   ? 2
                     : c[0] >= 0xE0 && c[0] < 0xF0 ? 3
                     : c[0] >= 0xF0 && c[0] < 0xF5 ? 4
                                                   : 0;
    for (size_t k = 1; k < n; k++)
        if ((c[k] & 0xC0) != 0x80) return 0;
    if (c[0] == 0xE0 && c[1] < 0xA0) return 0;
    if (c[0] == 0xED && c[1] > 0x9F) return 0;
    if (c[0] == 0xF0 && c[1] < 0x90) return 0;
    if (c[0] == 0xF4 && c[1] > 0x8F) return 0;
    return n;
}

/* Returns the edit distance of two names of at most MAX_NAME characters. A swap of two neighbours costs 1
 * ("trian"). */
#define MAX_NAME 63
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b) {
    size_t rows[3][MAX_NAME + 1];
    for (size_t j = 0; j <= n_b; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above2[j - 2] + 1 < best)
                best = above2[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n_a % 3][n_b];
}

const char *clsnn_nearest(const char *name, const char *const *candidates, size_t n) {
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME) return NULL;
    if (length >= 2)
        for (size_t k = 0; k < n; k++)
            if (strncmp(candidates[k], name, length) == 0) return candidates[k];
    size_t limit = (length + 1) / 2 < 3 ? (length + 1) / 2 : 3;
    if (length / 3 > limit) limit = length / 3;
    const char *best = NULL;
    for (size_t k = 0; k < n; k++) {
        size_t other = strlen(candidates[k]);
        if (other > MAX_NAME) continue;
        size_t d = distance(name, length, candidates[k], other);
        if (d > limit || (best && d == limit)) continue;
        best = candidates[k];
        limit = d;
    }
    return best;
}

struct locales {
    locale_t ours, theirs;
};

/* Makes a point the decimal mark of this thread, whatever locale the library's user has set, until point_end.
 * Without memory the locale stays. */
static struct locales point_begin(void) {
    struct locales l = {.ours = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0)};
    if (l.ours) l.theirs = uselocale(l.ours);
    return l;
}

static void point_end(struct locales l) {
    if (!l.ours) return;
    uselocale(l.theirs);
    freelocale(l.ours);
}

/* Returns a decimal number's value. */
static double value_of(const char *text) {
    const struct locales l = point_begin();
    const double value = strtod(text, NULL);
    point_end(l);
    return value;
}

/* Prints value with the fewest significant digits that read back as value. */
static void print_shortest(double value, char out[32]) {
    const struct locales l = point_begin();
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    point_end(l);
}

int clsnn_choice_index(const char *choices, const char *text) {
    int index = 0;
    for (const char *c = choices;; index++) {
        size_t n = strcspn(c, "|");
        if (strlen(text) == n && strncmp(c, text, n) == 0) return index;
        if (c[n] == '\0') return -1;
        c += n + 1;
    }
}

void clsnn_choice_name(const char *choices, int index, char *out, size_t n_out) {
    const char *c = choices;
    while (index-- > 0 && c) c = (c = strchr(c, '|')) ? c + 1 : NULL;
    snprintf(out, n_out, "%.*s", c ? (int)strcspn(c, "|") : 0, c ? c : "");
}

bool clsnn_is_whole(const char *text) {
    return *text && strspn(text, "0123456789") == strlen(text);
}

void clsnn_format_real(double value, char out[32]) {
    if (fabs(value) < 1e6 && value == floor(value)) {
        snprintf(out, 32, "%.0f", value); /* 10000, not 1e+04 */
        return;
    }
    print_shortest(value, out);
    /* 1e+07 becomes 1e7, 1e-05 becomes 1e-5 */
    char *e = strchr(out, 'e');
    if (!e) return;
    char *from = e + 1, *to = e + 1;
    if (*from == '-') to++;
    if (*from == '-' || *from == '+') from++;
    while (*from == '0' && from[1] != '\0') from++;
    memmove(to, from, strlen(from) + 1);
}

void clsnn_format_duration(double seconds, char out[32]) {
    if (!(seconds >= 0 && seconds < 1e8)) seconds = 0;
    const long s = (long)(seconds + 0.5);
    if (s < 60)
        snprintf(out, 32, "%.1f s", seconds);
    else if (s < 3600)
        snprintf(out, 32, "%ld:%02ld min", s / 60, s % 60);
    else
        snprintf(out, 32, "%ld:%02ld:%02ld h", s / 3600, s / 60 % 60, s % 60);
}

bool clsnn_is_decimal(const char *s) {
    size_t n_digits = 0;
    if (*s == '+' || *s == '-') s++;
    for (; isdigit((unsigned char)*s); s++) n_digits++;
    if (*s == '.')
        for (s++; isdigit((unsigned char)*s); s++) n_digits++;
    if (n_digits == 0) return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        if (*s == '+' || *s == '-') s++;
        if (!isdigit((unsigned char)*s)) return false;
        while (isdigit((unsigned char)*s)) s++;
    }
    return *s == '\0';
}

static enum clsnn_status bad_real(const char *label, const char *text, const char *what, double min,
                                  double max, const char *unit) {
    char shown[CLSNN_EXCERPT], low[32], high[32];
    clsnn_format_real(min, low);
    clsnn_format_real(max, high);
    if (*text == '\0')
        return clsnn_fail(CLSNN_E_USAGE, "%s is empty: must be in [%s, %s]%s%s", label, low, high,
                          *unit ? " " : "", unit);
    return clsnn_fail(CLSNN_E_USAGE, "%s = %s: %s in [%s, %s]%s%s", label, clsnn_excerpt(text, shown), what,
                      low, high, *unit ? " " : "", unit);
}

enum clsnn_status clsnn_parse_real(const char *label, const char *text, double min, double max,
                                   const char *unit, double *out) {
    if (!clsnn_is_decimal(text)) return bad_real(label, text, "not a number; must be", min, max, unit);
    const double value = value_of(text);
    if (!(value >= min && value <= max)) return bad_real(label, text, "must be", min, max, unit);
    *out = value;
    return CLSNN_OK;
}

enum clsnn_status clsnn_parse_whole(const char *label, const char *text, uint64_t min, uint64_t max,
                                    const char *unit, uint64_t *out) {
    const char *what = NULL;
    uint64_t value = 0;
    const char *digits = text + (*text == '+');
    if (!clsnn_is_decimal(text)) {
        what = "not a number; must be a whole number";
    } else if (digits[strspn(digits, "0123456789")] == '\0') {
        errno = 0; /* plain digits are read exactly: a double would round a seed above 2^53 */
        unsigned long long exact = strtoull(digits, NULL, 10);
        if (errno == ERANGE || exact < min || exact > max) what = "must be";
        value = exact;
    } else {
        const double real = value_of(text);
        if (!(real >= (double)min && real <= (double)max && real < 0x1p64))
            what = "must be";
        else if (real != floor(real))
            what = "must be a whole number";
        else
            value = (uint64_t)real;
    }
    if (*text == '\0')
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s is empty: must be a whole number in [%" PRIu64 ", %" PRIu64 "]%s%s", label, min,
                          max, *unit ? " " : "", unit);
    if (what) {
        char shown[CLSNN_EXCERPT];
        return clsnn_fail(CLSNN_E_USAGE, "%s = %s: %s in [%" PRIu64 ", %" PRIu64 "]%s%s", label,
                          clsnn_excerpt(text, shown), what, min, max, *unit ? " " : "", unit);
    }
    *out = value;
    return CLSNN_OK;
}

enum clsnn_status clsnn_parse_list(const char *label, const char *text, uint64_t min, uint64_t max,
                                   const char *unit, size_t max_n, uint64_t *out, size_t *out_n) {
    size_t n = 0;
    for (const char *at = text;;) {
        char item[32], shown[CLSNN_EXCERPT];
        at += strspn(at, " ");
        const size_t length = strcspn(at, ",");
        if (length >= sizeof item || n == max_n || (length == 0 && *text)) {
            return clsnn_fail(CLSNN_E_USAGE, "%s = %s: must be up to %zu numbers with commas between them",
                              label, clsnn_excerpt(text, shown), max_n);
        }
        snprintf(item, sizeof item, "%.*s", (int)length, at);
        for (size_t end = length; end > 0 && item[end - 1] == ' ';) item[--end] = '\0';
        const enum clsnn_status st = clsnn_parse_whole(label, item, min, max, unit, &out[n]);
        if (st != CLSNN_OK) return st;
        n++;
        if (at[length] == '\0') break;
        at += length + 1;
    }
    *out_n = n;
    return CLSNN_OK;
}

bool clsnn_text_end(FILE *to, char *const *text) {
    const bool failed = ferror(to) != 0;
    return fclose(to) == 0 && !failed && *text;
}

bool clsnn_text_ends(const char *text, const char *end) {
    const size_t n = strlen(text), n_end = strlen(end);
    return n > n_end && strcmp(text + n - n_end, end) == 0;
}
