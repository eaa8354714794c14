//! `russh-sshd`: an SSH server for this machine only, for one user with one key.
//!
//! It is one process with one thread, however many connect to it: so all its CPU is in its own account,
//! in the nanoseconds of `/proc/PID/schedstat`, which counts a single thread. Only the commands of its
//! sessions are other processes.

mod config;
mod feed;
mod gate;
mod options;
mod process;
mod relay;
mod session;
pub mod sftp;
mod signals;

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use russh::server::run_stream;
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};

use self::gate::{Gate, LoggedIn};
use self::options::Options;
use self::process::Processes;
use self::session::{Account, Connected};
use super::Program;

/// The time until the next attempt to accept a connection, after one that failed.
const RETRY: Duration = Duration::from_millis(100);

/// Serves until it is told to end or its parent ends.
pub fn run(arguments: &[OsString]) -> ExitCode {
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error:#}", Program::Server.name());
            ExitCode::from(255)
        }
    }
}

fn serve(arguments: &[OsString]) -> Result<()> {
    let options = Options::parse(arguments)?;
    end_with_parent()?;
    // Under the hidden verb `ps` would show the executable's name.
    rustix::thread::set_name(c"russh-sshd")?;
    let config = Arc::new(config::config(&options)?);
    let processes = Processes::default();
    let account = Arc::new(Account {
        user: options.user.clone(),
        key: config::authorized_key(&options)?,
        home: std::env::home_dir().filter(|home| home.is_dir()).unwrap_or(PathBuf::from("/")),
        sftp_server: options.sftp_server.clone(),
        executable: std::env::current_exe()?,
        processes: processes.clone(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(listen(&options, config, account));
    // Closes all connections and pipes: the sessions' input ends.
    drop(runtime);
    processes.end();
    result
}

/// Has the kernel tell us to end when our parent does.
fn end_with_parent() -> Result<()> {
    let parent = rustix::process::getppid();
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    if rustix::process::getppid() != parent {
        bail!("its parent has ended");
    }
    Ok(())
}

/// Takes connections until it is told to end.
async fn listen(
    options: &Options,
    config: Arc<russh::server::Config>,
    account: Arc<Account>,
) -> Result<()> {
    let mut ended = std::pin::pin!(told_to_end()?);
    let listener = bind(SocketAddr::new(options.address, options.port))?;
    let address = listener.local_addr()?;
    let mut stdout = io::stdout();
    // A parent that does not read it knows the port.
    let _ = writeln!(stdout, "Server listening on {} port {}.", address.ip(), address.port());
    let _ = stdout.flush();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut gate = Gate::default();
    loop {
        let (stream, client) = tokio::select! {
            () = &mut ended => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // The client has gone already, or there are no more descriptors for now.
                Err(_) => {
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            },
        };
        // It fails only where the client has gone.
        let _ = connect(stream, client, &config, &account, &mut gate);
    }
}

/// Serves one connection in a task of its own: whatever happens in it ends no other.
fn connect(
    stream: TcpStream,
    client: SocketAddr,
    config: &Arc<russh::server::Config>,
    account: &Arc<Account>,
    gate: &mut Gate,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let logged_in = LoggedIn::default();
    let handler = Connected::new(account.clone(), client, stream.local_addr()?, logged_in.clone());
    let stream = gate.admit(stream, logged_in);
    let config = config.clone();
    tokio::spawn(async move {
        // How a connection ended concerns its client only.
        if let Ok(session) = run_stream(config, stream, handler).await {
            let _ = session.await;
        }
    });
    Ok(())
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {} of {} is taken; name another, or 0 for any that is free",
            address.port(),
            address.ip()
        ),
        _ => anyhow::Error::new(error).context(format!("can't listen on {address}")),
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Resolves when a signal tells us to end, or when our standard input, where it is a pipe, ends: then
/// our parent, at its other end, has gone.
fn told_to_end() -> Result<impl Future<Output = ()>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let stdin = io::stdin().as_fd().try_clone_to_owned().context("there is no standard input")?;
    let stdin = pipe::Receiver::from_owned_fd(stdin).ok();
    let orphaned = async move {
        let Some(stdin) = stdin else { return std::future::pending().await };
        let mut unused = [0; 512];
        while stdin.readable().await.is_ok() {
            match stdin.try_read(&mut unused) {
                Ok(0) => return,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    };
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
            _ = hung_up.recv() => {}
            () = orphaned => {}
        }
    })
}
