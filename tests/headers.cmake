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
  file(STRINGS ${ROOT}/${header} sources REGEX "A source for several instruction sets" LIMIT_COUNT 1)
  if(sources)
    continue() # no header: the files that include it are compiled
  endif()
  if(header MATCHES "x86_") # what its source files are compiled with
    set(flags -mavx2 -mfma -mf16c)
    if(header MATCHES "512|lanes|vnni|rows")
      list(APPEND flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni)
    endif()
    if(NOT PROCESSOR MATCHES "x86_64|AMD64")
      message("not run: ${header} alone (needs x86-64)")
      continue()
    endif()
  endif()
  if(header MATCHES "neon_" AND NOT PROCESSOR MATCHES "aarch64|arm64")
    message("not run: ${header} alone (needs aarch64)")
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
