//! The client against a server that does as it is told: waiting, authentication, tags. No test
//! waits, and none needs a network.

mod authorization;
mod ending;
mod insecure;
mod manifest;
mod waiting;
