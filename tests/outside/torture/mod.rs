//! Bad input against a running router: the torture messages of RFC 4475 and RFC 5118 and hostile peers, over UDP and TCP,
//! each followed by a good 911 call that must succeed. At the end the router is the one that was started, and no call is
//! left in it.
mod calls;
mod far_ends;
mod hostile;
mod messages;
mod table;
mod text;
mod wire;
