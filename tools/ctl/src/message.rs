//! `sekisho message`: a workbench for messages, without a daemon. Must not know how a line is read
//! or shown.

mod lines;

mod hex;

mod words;

mod inside;

mod masked;

mod decode;

mod encode;

use std::fmt;
use std::process::ExitCode;

use clap::Subcommand;
use codec_specs::Spec;

pub(crate) use self::hex::write as hex;
pub(crate) use self::masked::fields as masked_fields;

use self::decode::Show;
use self::lines::Lines;
use crate::dialect;
use crate::output::{Failure, Format};

/// What to do with messages.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take messages apart: hexadecimal, one message a line
    #[command(
        after_help = "A message with a real card number does not belong in an argument, where every \
                      user of the machine can read it: give it on standard input.\n\
                      The table masks card numbers, tracks, PINs and what may hold them; json shows \
                      all, for test messages, and is what encode takes.\n\
                      Exit codes: 0 all decoded, 2 usage, 7 a line did not decode."
    )]
    Decode(DecodeArguments),
    /// Put messages together: objects as decode prints them, one a line
    #[command(
        after_help = "An object is {\"mti\":\"1804\",\"fields\":{\"11\":\"000101\",\"24\":\"831\"}}: \
                      binary values in hexadecimal, all others as text.\n\
                      Fixed fields are filled up, digits with zeros in front and text with spaces \
                      behind.\n\
                      Exit codes: 0 all encoded, 2 usage, 7 a line could not be encoded."
    )]
    Encode(EncodeArguments),
}

/// How to take messages apart.
#[derive(clap::Args)]
pub(crate) struct DecodeArguments {
    /// The format of the messages: built in (`sekisho dialect list`), or a file
    #[arg(long, value_name = "NAME|FILE", value_parser = dialect::named)]
    dialect: &'static Spec,

    /// `-` for standard input (also when nothing is given), or one test message in hexadecimal
    #[arg(value_name = "-|HEX", hide_default_value = true, default_value = "-")]
    input: String,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,

    /// Show card data in the table too; only for test messages
    #[arg(long)]
    unmasked: bool,
}

/// How to put messages together.
#[derive(clap::Args)]
pub(crate) struct EncodeArguments {
    /// The format of the messages: built in (`sekisho dialect list`), or a file
    #[arg(long, value_name = "NAME|FILE", value_parser = dialect::named)]
    dialect: &'static Spec,

    /// `-` for standard input (also when nothing is given), or one test message as an object
    #[arg(value_name = "-|OBJECT", hide_default_value = true, default_value = "-")]
    input: String,

    /// Both print hexadecimal; json also prints an object for a line that can not be encoded
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Decode(DecodeArguments { dialect, input, output, unmasked }) => {
            let show = Show { format: *output, unmasked: *unmasked };
            decode::run(dialect, Lines::new(input), &show)
        }
        Command::Encode(EncodeArguments { dialect, input, output }) => {
            encode::run(&dialect.dialect, Lines::new(input), *output)
        }
    }
}

/// Without the message, which may hold a card number.
impl fmt::Debug for DecodeArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeArguments")
            .field("dialect", &self.dialect.dialect.name())
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

/// Without the message, which may hold a card number.
impl fmt::Debug for EncodeArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodeArguments")
            .field("dialect", &self.dialect.dialect.name())
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}
