//! The pages: all are in the book, every link leads somewhere, and every command is one.
//!
//! The blocks of shell in README, guides, pages for ops and the native API's are run, each page on a
//! machine of its own ([`machine`]): [`scenes`] has what each takes for granted, [`elsewhere`] the blocks
//! that something else runs. Below a command, lines of comment say what it prints.
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod claims;
mod elsewhere;
mod links;
mod machine;
mod options;
mod pages;
mod reader;
mod scenes;
mod shell;
