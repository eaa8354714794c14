"""An SSH server without a process a session: asyncssh.py DIRECTORY ADDRESS PORT [CIPHERS].

Keys are the testbed's; a command runs under the login shell, in the testbed's home, as this process's
own user."""

import asyncio
import os
import pwd
import sys

import asyncssh

directory, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
ciphers = sys.argv[4].split(",") if len(sys.argv) > 4 else "+aes128-cbc,3des-cbc"
home = pwd.getpwuid(os.getuid()).pw_dir
shell = pwd.getpwuid(os.getuid()).pw_shell


class Server(asyncssh.SSHServer):
    def begin_auth(self, username):
        return True


async def session(process):
    command = [shell, "-c", process.command] if process.command else [shell]
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=home,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await process.redirect(child.stdin, child.stdout, child.stderr)
    process.exit(await child.wait())


async def main():
    await asyncssh.create_server(
        Server,
        address,
        port,
        server_host_keys=[os.path.join(directory, "host_key")],
        authorized_client_keys=os.path.join(directory, "client_key.pub"),
        process_factory=session,
        encoding=None,
        encryption_algs=ciphers,
        sftp_factory=True,
    )
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
