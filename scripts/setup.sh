# What both commands of the README need first. Sourced from the project's root.
#
# Sets CARGO_TARGET_DIR (unless you did) to a cache folder outside the clone, so that RocksDB, whose
# C++ takes 10 to 15 minutes, is compiled once a machine. Installs with apt-get what the build needs
# and the machine lacks, when run as root on Debian or Ubuntu; else says what to install.

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/shaman/target}"

# Says in one sentence what is wrong and stops.
give_up() {
    echo "$0: $*" >&2
    exit 1
}

# Whether a libclang is where bindgen looks for one. `libclang-cpp` is another library.
have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || ldconfig -p 2>/dev/null | grep -q 'libclang[-.0-9]*\.so' ||
        ls /usr/lib/llvm-*/lib/libclang{,-[0-9]*}.so* 2>/dev/null | grep -q .
}

needed=
command -v g++ >/dev/null || needed="$needed g++"
command -v make >/dev/null || needed="$needed make"
have_libclang || needed="$needed libclang-dev"
if [ -n "$needed" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing$needed" >&2
        apt-get update -qq >&2
        # shellcheck disable=SC2086 # a list of packages
        apt-get install -y -qq --no-install-recommends $needed >&2
    else
        give_up "the build needs$needed; install them (on Debian: sudo apt-get install$needed) and run this again."
    fi
fi
command -v cargo >/dev/null || give_up "there is no cargo; install Rust 1.95 or newer from rustup.rs and run this again."
