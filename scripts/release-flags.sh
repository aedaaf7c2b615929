# Programs that run on other machines. Sourced, after setup.sh.

# build_release: both programs, for release. The C++ library goes into them, so that they look for
# nothing but the C library, of this machine's release or a later one: build on the oldest that has
# to run them. Only the last step differs from any other build.
build_release() {
    local alone=$CARGO_TARGET_DIR/static-cxx
    mkdir -p "$alone"
    # In a folder without the shared one, which the linker would take.
    ln -sf "$(g++ -print-file-name=libstdc++.a)" "$alone/libstdc++.a"
    cargo rustc --profile "${PROFILE:-release}" --quiet -p shaman-server --bin shaman-server -- \
        -L "native=$alone" -C link-arg=-static-libgcc
    cargo build --profile "${PROFILE:-release}" --quiet -p shaman-client
}

# needs_only_c PROGRAM: fails when it looks for any other library.
needs_only_c() {
    local library
    for library in $(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        case $library in
        libc.so.* | libm.so.* | ld-linux*) ;;
        *) give_up "$1 needs $library, which other machines may not have." ;;
        esac
    done
}
