# shellcheck shell=bash
# A data set for tests: the first of the built-in digits, which load in no time. Scripts source this file.

bytes() { # bytes N...: writes each number as one byte
    local b
    for b in "$@"; do printf '%b' "\\x$(printf %02x "$b")"; done
}
be32() { bytes $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)); }

# cut_set FROM TO NAME N: the first N images and labels of set NAME (train or t10k) in FROM, plain, into TO.
cut_set() {
    local images=$3-images-idx3-ubyte labels=$3-labels-idx1-ubyte
    {
        be32 0x803 && be32 "$4" && be32 28 && be32 28
        gzip -dc "$1/$images.gz" | tail -c +17 | head -c $(($4 * 784))
    } >"$2/$images"
    {
        be32 0x801 && be32 "$4"
        gzip -dc "$1/$labels.gz" | tail -c +9 | head -c "$4"
    } >"$2/$labels"
}
