# Programs that run on other machines. Sourced, after setup.sh.

# build_release: both programs, for release. The libraries of the C++ compiler go into them, so that
# they look for nothing but the C library, of this machine's release or a later one: build on the
# oldest that has to run them. Only the last step differs from any other build.
build_release() {
    local alone=$CARGO_TARGET_DIR/alone pair
    mkdir -p "$alone"
    # In a folder without the shared ones, which the linker would take. Rust asks for what unwinds a
    # stack by the name of the shared one.
    ln -sf "$(g++ -print-file-name=libstdc++.a)" "$alone/libstdc++.a"
    ln -sf "$(g++ -print-file-name=libgcc_eh.a)" "$alone/libgcc_s.a"
    for pair in shaman-server:shaman-server shaman-client:shaman; do
        cargo rustc --locked --profile "${PROFILE:-release}" --quiet -p "${pair%:*}" --bin "${pair#*:}" -- \
            -L "native=$alone" -C link-arg=-static-libgcc
    done
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
