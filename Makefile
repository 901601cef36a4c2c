# Shorthand for the CMake build; everything real is in CMakeLists.txt.
BUILD ?= build

.PHONY: all test asan install clean
all: ; @cmake -S . -B $(BUILD) $(CMAKE_FLAGS) >/dev/null && cmake --build $(BUILD) -j
test: all ; @ctest --test-dir $(BUILD) --output-on-failure
asan: ; @$(MAKE) test BUILD=build-asan CMAKE_FLAGS="-DHEFT_SANITIZE=address,undefined -DHEFT_WERROR=ON"
install: all ; @cmake --install $(BUILD)
clean: ; @cmake -E rm -rf build build-asan
