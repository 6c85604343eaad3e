// output_file: whole or not at all.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include <qgraft/graphdef/output_file.hpp>

#include "graphdef/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using qgraft::graphdef::file_error;
using qgraft::graphdef::output_file;
using namespace qgraft::testing_support;

TEST_CASE("a file is there after commit, and nothing else is") {
    const temporary_folder folder;
    output_file out(folder / "out.pb");
    out.write("one ");
    out.write("two");
    CHECK_FALSE(fs::exists(folder / "out.pb"));
    out.commit();
    CHECK(read_file(folder / "out.pb") == "one two");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("without commit a file is what it was") {
    const temporary_folder folder;
    write_file(folder / "out.pb", "before");
    {
        output_file out(folder / "out.pb");
        out.write("after");
    }
    CHECK(read_file(folder / "out.pb") == "before");
    CHECK(folder.names().size() == 1);
}

TEST_CASE("a file that is replaced keeps its permissions") {
    const temporary_folder folder;
    write_file(folder / "out.pb", "before");
    const auto wanted = fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read;
    fs::permissions(folder / "out.pb", wanted);
    output_file out(folder / "out.pb");
    out.write("after");
    out.commit();
    CHECK(read_file(folder / "out.pb") == "after");
    CHECK(fs::status(folder / "out.pb").permissions() == wanted);
}

TEST_CASE("a link stays a link, also to a file that is not there yet") {
    const temporary_folder folder;
    fs::create_directory(folder / "inside");
    fs::create_symlink("inside/real.pb", folder / "link.pb");
    for (const std::string content : {"first", "second"}) {
        output_file out(folder / "link.pb");
        out.write(content);
        out.commit();
        CHECK(fs::is_symlink(folder / "link.pb"));
        CHECK(read_file(folder / "inside/real.pb") == content);
    }
    fs::create_symlink("b", folder / "a");
    fs::create_symlink("a", folder / "b");
    CHECK_THROWS_WITH_AS(output_file(folder / "a"), doctest::Contains("circle of links"), file_error);
}

TEST_CASE("what cannot be written is said before anything is") {
    const temporary_folder folder;
    CHECK_THROWS_WITH_AS(output_file(folder / "missing/out.pb"), doctest::Contains("No such file or directory"),
                         file_error);
    CHECK_THROWS_WITH_AS(output_file(folder.path().string()), doctest::Contains("is a folder"), file_error);
    CHECK_THROWS_AS(output_file(""), file_error);
    CHECK(folder.names().empty());
}

TEST_CASE("a device is written when the file is committed") {
    if (!fs::exists("/dev/full")) return;
    output_file full("/dev/full");
    full.write("content");
    CHECK_THROWS_WITH_AS(full.commit(), doctest::Contains("/dev/full: cannot be written: No space left"), file_error);
    output_file null("/dev/null");
    null.write("content");
    null.commit();
    CHECK(fs::is_character_file("/dev/null"));
}

}  // namespace
