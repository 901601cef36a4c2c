# What is installed can be used: the 30-line example builds against the shared library with
# pkg-config alone and runs, the program finds the model that ships, and the shared library shows
# heft_* and nothing else.
#   cmake -DROOT=<source tree> -DBUILD=<build tree> -DCC=<compiler> -DOUT=<scratch> -P install.cmake
cmake_minimum_required(VERSION 3.18)

# must(<text> <command>...): run it, and stop here with what it said if it fails. Sets said.
function(must what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}): ${ARGN}\n${out}\n${err}")
  endif()
  set(said "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${OUT})
must("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${OUT}/first)
file(RENAME ${OUT}/first ${OUT}/moved) # nothing may depend on where it was installed
set(prefix ${OUT}/moved)

file(GLOB_RECURSE pc ${prefix}/*/heft.pc)
get_filename_component(pc_folder "${pc}" DIRECTORY)
file(GLOB_RECURSE shared ${prefix}/*/libheft.so)
file(GLOB_RECURSE static ${prefix}/*/libheft.a)
foreach(file "${pc}" "${shared}" "${static}" ${prefix}/bin/heft ${prefix}/include/heft.h
             ${prefix}/share/heft/models/fable/config.json)
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()

must("the installed program" ${prefix}/bin/heft run --temp 0 -n 8 -p "Once upon a time")
set(tale "${said}")

find_program(NM nm)
must("nm" ${NM} -D --defined-only ${shared})
string(REGEX MATCHALL "[^\n]+" symbols "${said}")
foreach(symbol IN LISTS symbols)
  if(NOT symbol MATCHES " T heft_[a-z_]+$")
    message(FATAL_ERROR "the shared library shows more than heft_*: ${symbol}")
  endif()
endforeach()

find_program(PKG_CONFIG pkg-config)
if(NOT PKG_CONFIG)
  message("not run: the example with pkg-config (not installed)")
  return()
endif()
set(ENV{PKG_CONFIG_PATH} ${pc_folder})
must("pkg-config" ${PKG_CONFIG} --cflags --libs heft)
separate_arguments(flags UNIX_COMMAND "${said}")
must("compiling the example" ${CC} -std=c11 -Wall -Wextra -Werror ${ROOT}/examples/hello.c
     -o ${OUT}/hello ${flags})
get_filename_component(shared_folder "${shared}" DIRECTORY)
set(ENV{LD_LIBRARY_PATH} ${shared_folder})
must("the example" ${OUT}/hello ${prefix}/share/heft/models/fable "Once upon a time")
if(said STREQUAL "")
  message(FATAL_ERROR "the example said nothing")
endif()
file(REMOVE_RECURSE ${OUT})
