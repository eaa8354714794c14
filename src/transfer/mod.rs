//! How bytes are moved: methods and their connections, the remote commands, and the proof that the bytes were
//! moved as asked.

pub mod error;
pub mod flow;
pub mod method;
pub mod pipe;
mod pipe_loop;
mod process;
pub mod proof;
pub mod scp;
pub mod sftp;
pub mod shim;

/// The method of this name.
pub fn method(method: crate::model::Method) -> &'static dyn method::Method {
    match method {
        crate::model::Method::Sftp => &sftp::Sftp,
        crate::model::Method::Scp => &scp::Scp,
        crate::model::Method::Pipe => &pipe::Pipe,
    }
}
