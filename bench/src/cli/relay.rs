//! `relay` on the command line. Must not know how it is done.

use std::io;
use std::net::SocketAddr;

use clap::Args;
use codec::Framing;

use super::{Output, exit, parse, terminal};
use crate::relay::{Options, Relay, Summary};

/// Arguments of `relay`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Where clients connect, HOST:PORT, port 0 for any
    #[arg(long, value_name = "ADDR", value_parser = parse::address)]
    listen: SocketAddr,
    /// An issuer link, HOST:PORT; repeatable, and the same one may be given several times
    #[arg(long, value_name = "ADDR", required = true, value_parser = parse::address)]
    to: Vec<SocketAddr>,
    /// How messages are cut from the stream: bin2, bin2le, bin4, ascii4, bcd2, vml, nac
    #[arg(long, default_value = "ascii4", value_parser = parse::framing)]
    framing: Framing,
    /// How the summary is printed
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
    /// End with the process that started this one
    #[arg(long, hide = true)]
    child: bool,
}

impl Arguments {
    /// The exit code.
    pub(super) fn run(self) -> u8 {
        match self.serve() {
            Ok(summary) => {
                match self.output {
                    Output::Json => terminal::say_json(&summary),
                    Output::Table => terminal::say(summary.table()),
                }
                exit::DONE
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                terminal::complain("the issuer links did not open in time");
                exit::UNREACHABLE
            }
            Err(error) => {
                terminal::complain(error);
                exit::FAILED
            }
        }
    }

    fn serve(&self) -> io::Result<Summary> {
        let stop = terminal::stop_flag()?;
        if self.child {
            terminal::end_with_parent()?;
        }
        let options = Options { listen: self.listen, to: self.to.clone(), framing: self.framing };
        let relay = Relay::open(&options)?;
        terminal::say(format_args!("listening {}", relay.address()));
        relay.run(&stop)
    }
}
