//! A headless Chromium over its DevTools protocol: JSON messages on a WebSocket.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

const PROGRAM: &str = "chromium-headless-shell";

/// One browser with one tab. It ends with the value.
pub struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    last_id: u64,
    /// What pages complained of since the last call of `complaints`.
    complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    pub fn start() -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(PROGRAM)
            // No sandbox: as root there is none, and the pages are our own.
            .args(["--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            // Debian's program is a shell script that waits for the browser: they end together.
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{PROGRAM} can't be run ({error}): install Debian's package {PROGRAM}")
            });
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut url = None;
        let mut line = String::new();
        while url.is_none() && log.read_line(&mut line).unwrap() > 0 {
            url = line.trim().strip_prefix("DevTools listening on ").map(str::to_owned);
            line.clear();
        }
        // Or it would block on a full pipe, or end at a closed one.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let url = url.unwrap_or_else(|| panic!("{PROGRAM} ended without a word"));
        let address = url.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        let (socket, _) = tungstenite::client(url.as_str(), stream).unwrap();
        let mut browser = Browser {
            child,
            socket,
            session: String::new(),
            last_id: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attached);
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    pub fn scripts(&mut self, allowed: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !allowed }));
    }

    /// Pixels across; `dark` and `print` as a user's preference and the paper would be.
    pub fn look(&mut self, width: u32, dark: bool, print: bool) {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({
            "media": if print { "print" } else { "screen" },
            "features": [{ "name": "prefers-color-scheme", "value": scheme }],
        });
        self.call("Emulation.setEmulatedMedia", media);
    }

    pub fn open(&mut self, page: &Path) {
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", json!({ "url": url }));
        while self.receive()["method"] != "Page.loadEventFired" {}
    }

    /// The value of an expression, or of the promise that it is.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer.get("exceptionDetails").is_none(), "{answer:#}");
        answer["result"]["value"].clone()
    }

    /// A PNG of a part of the page, in base64: from the left and the top, so many pixels wide and
    /// high.
    pub fn picture(&mut self, [left, top, width, height]: [f64; 4]) -> String {
        let clip = json!({ "x": left, "y": top, "width": width, "height": height, "scale": 1 });
        let params = json!({ "clip": clip, "captureBeyondViewport": true });
        self.call("Page.captureScreenshot", params)["data"].as_str().unwrap().to_owned()
    }

    /// Errors, exceptions and whatever else was said on the console.
    pub fn complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.complaints)
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let answer = self.receive();
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn receive(&mut self) -> Value {
        let message = self.socket.read().expect("the browser goes on talking");
        let value: Value = serde_json::from_str(message.to_text().unwrap()).unwrap_or_default();
        let complains = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"];
        if complains.contains(&value["method"].as_str().unwrap_or_default()) {
            self.complaints.push(value["params"].to_string());
        }
        if value["method"] == "Page.javascriptDialogOpening" {
            self.complaints.push(format!("a dialogue: {}", value["params"]));
        }
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}
