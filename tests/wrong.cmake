# The checks of the house can fail: writes a tree with one of each mistake and expects each check
# to name it.
#   cmake -DROOT=<source tree> -DCC=<compiler> -DOUT=<scratch folder> -P tests/wrong.cmake
cmake_minimum_required(VERSION 3.18)

file(REMOVE_RECURSE ${OUT})
set(expected)
# wrong(<file> <content> <complaint>)
function(wrong file content complaint)
  file(WRITE ${OUT}/${file} "${content}")
  set(expected ${expected} "${complaint}" PARENT_SCOPE)
endfunction()

set(first "/* One mistake. */\n")
wrong(src/model/up.c "${first}#include \"engine/engine.h\"\n"
      "src/model/up.c: model/ may not include engine/engine.h")
wrong(src/cli/inside.c "${first}#include \"model/spec.h\"\n"
      "src/cli/inside.c: cli/ may not include model/spec.h")
wrong(src/base/bare.c "${first}#  include \"err.h\"\n"
      "src/base/bare.c: err.h is included without its folder")
wrong(src/misc/lost.c "${first}" "src/misc/lost.c: misc/ is not in the table")
wrong(include/heft.h "${first}#include \"base/err.h\"\n"
      "include/heft.h: a public header includes base/err.h")
wrong(src/base/silent.c "int x\;\n" "src/base/silent.c: the first line must be a comment")
string(REPEAT "\n" 801 many)
wrong(src/base/long.c "${first}${many}" "src/base/long.c: 802 lines, the limit is 800")
string(REPEAT "\n" 130 many)
wrong(src/model/families/long_family.c "${first}${many}"
      "src/model/families/long_family.c: 131 lines, the limit is 120")
wrong(src/base/unbounded.c "${first}strcpy(a, b)\;\n" "src/base/unbounded.c: unbounded: strcpy")
wrong(src/text/own.c "${first}p = malloc(8)\;\n" "src/text/own.c: allocation: p = malloc")
wrong(src/text/env.c "${first}p = getenv(\"X\")\;\n" "src/text/env.c: environment: p = getenv")
wrong(src/text/end.c "${first}exit(1)\;\n" "src/text/end.c: ending: exit")
wrong(src/ops/simd.c "${first}#include <immintrin.h>\n" "src/ops/simd.c: intrinsics: #include")
wrong(src/ops/later.c "${first}/* TODO: soon */\n" "src/ops/later.c: unfinished: /* TODO")
wrong(src/ops/up.c "${first}" "src/ops/up.c: the name is taken by src/model/up.c")
wrong(src/ops/orphan.c "${first}" "src/ops/orphan.c: no CMakeLists.txt names it")
wrong(src/base/needy.h "${first}size_t needy(void)\;\n" "src/base/needy.h: does not compile alone")

set(said "")
foreach(check layers rules headers)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -DROOT=${OUT} -DCC=${CC} -P ${ROOT}/tests/${check}.cmake
    RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(status EQUAL 0)
    message(SEND_ERROR "${check} passed a tree full of mistakes")
  endif()
  string(APPEND said "${out}${err}")
endforeach()
foreach(complaint IN LISTS expected)
  string(FIND "${said}" "${complaint}" at)
  if(at EQUAL -1)
    message(SEND_ERROR "not noticed: ${complaint}")
  endif()
endforeach()
file(REMOVE_RECURSE ${OUT})
