//! `sekishod` from outside: the real program with partners over TCP, its log, its control socket,
//! its exit codes. Knows nothing of its inside but the shapes that it shows.

mod patience;

mod place;

mod configuration;

mod sekishod;

mod supervisor;

mod letter;

mod link;

mod centre;

mod crossing;

mod framing;

mod editions;

mod failing;

mod network;

mod keys;

mod refusing;

mod outcomes;

mod listening;

mod crowding;

mod flooding;

mod starting;

mod stopping;

mod sick;

mod supervised;

mod status;

mod keeping;

mod storing;

mod permitting;

mod advising;

mod disks;

mod diagnosing;

mod spinning;

mod secrecy;

mod hunt;

mod planted;

mod logging;

mod reloading;

mod reloading_members;

mod reloading_often;
