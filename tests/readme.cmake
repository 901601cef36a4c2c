# README.md and docs/families.md show what heft prints: every "$ heft ..." in a console block is run,
# and what follows it must be its output, line by line.
#   cmake -DROOT=<source tree> -DBUILD=<build tree> -P tests/readme.cmake
# With -DREWRITE=1 the files are given the output there is.
cmake_minimum_required(VERSION 3.18)

foreach(page README.md docs/families.md)
  file(READ ${ROOT}/${page} shown)
  set(rest "${shown}")
  set(after "")
  set(commands 0)
  while(rest MATCHES "```console\n([^`]*)```")
    set(block "${CMAKE_MATCH_1}")
    string(FIND "${rest}" "```console\n${block}" at)
    string(SUBSTRING "${rest}" 0 ${at} before)
    string(LENGTH "```console\n${block}" length)
    math(EXPR at "${at} + ${length}")
    string(SUBSTRING "${rest}" ${at} -1 rest)
    string(APPEND after "${before}```console\n")

    string(REGEX MATCHALL "\\$ heft [^\n]*" lines "${block}")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^\\$ heft " "" words "${line}")
      separate_arguments(words UNIX_COMMAND "${words}")
      execute_process(COMMAND ${BUILD}/bin/heft ${words} WORKING_DIRECTORY ${ROOT}
                      RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err)
      if(NOT status EQUAL 0)
        message(FATAL_ERROR "${line}\nexit ${status}: ${err}")
      endif()
      string(REGEX REPLACE "\n$" "" out "${out}")
      string(APPEND after "${line}\n${out}\n")
      math(EXPR commands "${commands} + 1")
    endforeach()
  endwhile()
  string(APPEND after "${rest}")

  if(commands EQUAL 0)
    message(FATAL_ERROR "${page} has no example")
  elseif(REWRITE)
    file(WRITE ${ROOT}/${page} "${after}")
  elseif(NOT after STREQUAL shown)
    file(WRITE ${BUILD}/${page} "${after}")
    message(FATAL_ERROR "${page} shows something else than heft prints: compare it with "
                        "${BUILD}/${page}, and take that over if it is right")
  endif()
  message("${page}: ${commands} commands print what it shows")
endforeach()
