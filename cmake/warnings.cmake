# One list, used for every C file in the tree, tests included.
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wdouble-promotion
  -Wcast-qual -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wpointer-arith
  -fno-math-errno -ffp-contract=off)
# Asserts stay on in every build but Release; CMake's default would drop them.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
if(HEFT_WERROR)
  add_compile_options(-Werror)
endif()
if(HEFT_SANITIZE)
  # libFuzzer brings a main of its own: only fuzz targets link it, everything else is instrumented.
  string(REPLACE "fuzzer" "fuzzer-no-link" sanitizers "${HEFT_SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
endif()
