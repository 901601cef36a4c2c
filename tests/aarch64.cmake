# The kernels of aarch64: cross compiled, and their tests run under qemu, where both are installed.
#   cmake -DROOT=<source tree> -DBUILD=<build tree> -P tests/aarch64.cmake
cmake_minimum_required(VERSION 3.18)

foreach(program aarch64-linux-gnu-gcc qemu-aarch64)
  find_program(found_${program} ${program})
  if(NOT found_${program})
    # A status line goes to standard output, where ./test looks for it.
    execute_process(COMMAND ${CMAKE_COMMAND} -E echo
      "not run: kernels for aarch64: no ${program} (packages gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user)")
    return()
  endif()
endforeach()

set(build ${BUILD}/aarch64)
foreach(command
    "${CMAKE_COMMAND};-S;${ROOT}/tests/kernels/aarch64;-B;${build};-DCMAKE_TOOLCHAIN_FILE=${ROOT}/cmake/aarch64-linux-gnu.cmake"
    "${CMAKE_COMMAND};--build;${build}"
    "${CMAKE_CTEST_COMMAND};--test-dir;${build};--output-on-failure")
  execute_process(COMMAND ${command} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "aarch64: ${command}: ${failed}")
  endif()
endforeach()
