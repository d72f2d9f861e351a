//! The line to the other of two nodes, and the thread `ship` that owns it and the node's role. Must not
//! know what a record says, nor how a log is written.

mod session;

mod line;

mod doors;
