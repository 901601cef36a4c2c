# Each header compiles alone, and a second time after itself; heft.h also as C++ where there is a
# C++ compiler.
#   cmake -DROOT=<source tree> -DCC=<compiler> -DPROCESSOR=<of the target> -P tests/headers.cmake
cmake_minimum_required(VERSION 3.18)

file(GLOB_RECURSE headers RELATIVE ${ROOT} ${ROOT}/src/*.h ${ROOT}/include/*.h)
set(wrong 0)
function(compile header)
  execute_process(
    COMMAND ${ARGN} -fsyntax-only -Wall -Wextra -Werror -I${ROOT}/include -I${ROOT}/src
            -include ${ROOT}/${header} -include ${ROOT}/${header} /dev/null
    RESULT_VARIABLE status ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    message("${header}: does not compile alone\n${said}")
    math(EXPR wrong "${wrong} + 1")
    set(wrong ${wrong} PARENT_SCOPE)
  endif()
endfunction()

foreach(header IN LISTS headers)
  set(flags)
  set(needs)
  if(header MATCHES "x86_") # what their source files are compiled with, the most of them
    set(flags -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni)
    set(needs "x86_64|AMD64")
  elseif(header MATCHES "neon_")
    set(flags -march=armv8.2-a+dotprod)
    set(needs "aarch64|arm64")
  endif()
  if(needs AND NOT PROCESSOR MATCHES "${needs}")
    message("not run: ${header} alone (needs another processor)")
    continue()
  endif()
  compile(${header} ${CC} -std=c11 ${flags} -x c)
endforeach()
find_program(CXX NAMES c++ g++ clang++)
if(CXX)
  compile(include/heft.h ${CXX} -std=c++11 -x c++)
else()
  message("not run: heft.h as C++ (no C++ compiler)")
endif()

list(LENGTH headers n)
if(wrong)
  message(FATAL_ERROR "headers: ${wrong} of ${n} do not compile alone")
endif()
message("headers: ${n} compile alone")
