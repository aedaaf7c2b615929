//! `X-Shaman-Original-Filename` as Python 3.11 was seen to write it.

use shaman_tests::addon::{Release, folded, unfolded};

/// Path, `Header(path, "utf-8").encode()`, and the same with `maxlinelen=0`.
const SEEN: &[(&str, &str, &str)] = &[
    ("a.txt", "=?utf-8?q?a=2Etxt?=", "=?utf-8?q?a=2Etxt?="),
    ("tex/wood_01.png", "=?utf-8?q?tex/wood=5F01=2Epng?=", "=?utf-8?q?tex/wood=5F01=2Epng?="),
    (
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=",
        "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=",
    ),
    (
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\n =?utf-8?q?a?=",
        "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=",
    ),
    (
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\n =?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\n =?utf-8?q?a?=",
        "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=",
    ),
    (
        "Ünïcödé/日本語.png",
        "=?utf-8?b?w5xuw69jw7Zkw6kv5pel5pys6KqeLnBuZw==?=",
        "=?utf-8?b?w5xuw69jw7Zkw6kv5pel5pys6KqeLnBuZw==?=",
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/日本語ファイル/日本語ファイル/日本語ファイル.exr",
        "=?utf-8?b?eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eC/ml6XmnKw=?=\n =?utf-8?b?6Kqe44OV44Kh44Kk44OrL+aXpeacrOiqnuODleOCoeOCpOODqy/ml6XmnKzoqp4=?=\n =?utf-8?b?44OV44Kh44Kk44OrLmV4cg==?=",
        "=?utf-8?b?eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eC/ml6XmnKzoqp7jg5XjgqHjgqTjg6sv5pel5pys6Kqe44OV44Kh44Kk44OrL+aXpeacrOiqnuODleOCoeOCpOODqy5leHI=?=",
    ),
    (
        "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü",
        "=?utf-8?b?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8?=\n =?utf-8?b?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8?=\n =?utf-8?b?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8?=",
        "=?utf-8?b?w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8w7zDvMO8?=",
    ),
    (
        "textures/characters/hero/hero_body_diffuse_v012.1001.exr",
        "=?utf-8?q?textures/characters/hero/hero=5Fbody=5Fdiffuse=5Fv012=2E1001=2Eexr?=",
        "=?utf-8?q?textures/characters/hero/hero=5Fbody=5Fdiffuse=5Fv012=2E1001=2Eexr?=",
    ),
    (
        "a ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba ba b",
        "=?utf-8?q?a_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_b?=\n =?utf-8?q?a_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_b?=",
        "=?utf-8?q?a_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_ba_b?=",
    ),
    (
        "日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日",
        "=?utf-8?b?5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel?=\n =?utf-8?b?5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel?=\n =?utf-8?b?5pel5pel5pel5pel5pel5pel5pel5pel?=",
        "=?utf-8?b?5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel5pel?=",
    ),
    (
        "🎬 final (2)?.blend",
        "=?utf-8?b?8J+OrCBmaW5hbCAoMik/LmJsZW5k?=",
        "=?utf-8?b?8J+OrCBmaW5hbCAoMik/LmJsZW5k?=",
    ),
    ("-!*+/=&#@", "=?utf-8?b?LSEqKy89JiNA?=", "=?utf-8?b?LSEqKy89JiNA?="),
    ("ab_é", "=?utf-8?b?YWJfw6k=?=", "=?utf-8?b?YWJfw6k=?="),
    ("   lead", "=?utf-8?q?___lead?=", "=?utf-8?q?___lead?="),
    ("üüü.ab", "=?utf-8?b?w7zDvMO8LmFi?=", "=?utf-8?b?w7zDvMO8LmFi?="),
];

#[test]
fn names_are_folded_and_unfolded_as_python_does() {
    for (path, on_lines, on_one_line) in SEEN {
        assert_eq!(&folded(path), on_lines);
        assert_eq!(&unfolded(path), on_one_line);
    }
}

#[test]
fn plain_names_of_67_letters_are_the_first_that_are_folded() {
    assert!(!folded(&"a".repeat(66)).contains('\n'));
    assert!(folded(&"a".repeat(67)).contains("?=\n =?utf-8?q?"));
}

#[test]
fn before_encoded_words_names_are_latin_1_or_fail() {
    assert_eq!(Release::Before36.file_name_header("ü.png").unwrap(), b"\xfc.png");
    assert_eq!(Release::Before36.file_name_header("日.png"), None);
}
