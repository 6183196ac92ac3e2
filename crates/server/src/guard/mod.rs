//! Who may ask what: in the order in which a request meets them, the client's address, the name it
//! calls us by, where its page comes from, how often it asks, and the token it brings.

mod authority;
pub mod client;
mod forwarded;
pub mod host;
pub mod limit;
pub mod origin;
pub mod secure;
pub mod token;
