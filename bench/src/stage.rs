//! Where the races of an engine's benchmark are run: this process's libraries in turns with those
//! of the followers, processes that run our library in other environments.
//!
//! A library reads its environment once, so each environment needs a process. Every follower goes
//! through the same races in the same order as its leader. At each it writes a line with what it
//! made when it tried the operation, then reads lines: a number is how many calls to make, answered
//! with the CPU time that they took in nanoseconds; an empty line ends the race.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Lines, StdinLock, Write, stdin};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use bench::job::{EngineJob, Event, Follower, Job, Library, Loaded, Pace, Part, Race, Work};

use crate::Emit;
use crate::data::Data;
use crate::race::{Entrant, Made, race};

/// What a race is about.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// The part that it belongs to.
    pub part: Part,
    /// The operation, as in a table's first column.
    pub operation: &'a str,
    /// The compression level.
    pub level: Option<i32>,
}

impl<'a> Row<'a> {
    /// Of a small job, whose level is its operation's own.
    pub fn small(operation: &'a str) -> Row<'a> {
        Row { part: Part::Small, operation, level: None }
    }
}

/// Runs races, or takes its turns in another's.
pub struct Stage<'a> {
    pace: Pace,
    reference: &'a str,
    role: Role<'a>,
}

enum Role<'a> {
    Leader { emit: &'a mut Emit<'a>, links: Vec<Link<'a>> },
    Follower { orders: Lines<StdinLock<'static>> },
}

impl<'a> Stage<'a> {
    /// Starts the job's followers, or becomes one.
    pub fn new(
        job: &'a EngineJob,
        work: fn(EngineJob) -> Work,
        pace: Pace,
        emit: &'a mut Emit<'a>,
    ) -> Result<Stage<'a>, String> {
        let role = if job.follows {
            Role::Follower { orders: stdin().lock().lines() }
        } else {
            let start = |follower| Link::start(follower, job, work, pace);
            let links = job.followers.iter().map(start).collect::<Result<Vec<_>, _>>()?;
            Role::Leader { emit, links }
        };
        Ok(Stage { pace, reference: &job.reference.name, role })
    }

    /// Says which libraries there are, and how many races there will be.
    pub fn open(&mut self, loaded: Vec<Event>, races: usize) -> Result<(), String> {
        match &mut self.role {
            Role::Leader { emit, links } => {
                for event in loaded {
                    emit(event);
                }
                for link in links {
                    let line = link.line()?;
                    let loaded: Loaded = serde_json::from_str(&line).map_err(|e| e.to_string())?;
                    emit(Event::Loaded(Loaded { library: link.name.to_owned(), ..loaded }));
                }
                emit(Event::Races(races));
            }
            Role::Follower { .. } => {
                let of_ours = loaded.into_iter().find_map(|event| match event {
                    Event::Loaded(loaded) => Some(loaded),
                    _ => None,
                });
                say(&of_ours.ok_or("the follower's library does not load")?)?;
            }
        }
        Ok(())
    }

    /// Runs one race over `data`, with the followers' entrants behind `entrants`.
    pub fn race(
        &mut self,
        row: Row<'_>,
        data: &Data,
        entrants: Vec<Entrant<'_>>,
    ) -> Result<(), String> {
        let (emit, links) = match &mut self.role {
            Role::Leader { emit, links } => (emit, links),
            Role::Follower { orders } => return follow(orders, entrants),
        };
        let mut entrants: Vec<Entrant<'_>> = entrants;
        for link in &*links {
            entrants.push(link.entrant()?);
        }
        let expected = entrants.iter().find(|e| e.library == self.reference).and_then(|e| e.made);
        let mut times = race(&mut entrants, &self.pace)?;
        for (time, entrant) in times.iter_mut().zip(&entrants) {
            time.same = entrant.made.zip(expected).map(|(made, expected)| made == expected);
        }
        drop(entrants);
        for link in links {
            link.send("")?;
        }
        emit(Event::Race(Race {
            operation: row.operation.to_owned(),
            data: data.name.clone(),
            part: Some(row.part),
            level: row.level,
            chunk: None,
            bytes: data.bytes.len(),
            times,
        }));
        Ok(())
    }

    /// Hands on an event that is no race; a follower's is the same as its leader's.
    pub fn emit(&mut self, event: Event) {
        if let Role::Leader { emit, .. } = &mut self.role {
            emit(event);
        }
    }
}

/// Takes the turns of one race.
fn follow(
    orders: &mut Lines<StdinLock<'static>>,
    entrants: Vec<Entrant<'_>>,
) -> Result<(), String> {
    let [mut own] = <[Entrant<'_>; 1]>::try_from(entrants)
        .map_err(|all| format!("a follower with {} libraries", all.len()))?;
    say(&own.made)?;
    loop {
        let order = orders.next().ok_or("the leader is gone")?.map_err(|e| e.to_string())?;
        if order.is_empty() {
            return Ok(());
        }
        let calls = order.parse().map_err(|_| format!("no order: {order}"))?;
        let took = (own.run)(calls)?;
        say(&(took.as_nanos() as u64))?;
    }
}

/// Writes one line of JSON. A follower owns its standard output: nothing else writes there.
fn say(value: &impl serde::Serialize) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let line = serde_json::to_string(value).map_err(|e| e.to_string())?;
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|e| e.to_string())
}

/// A follower, from its leader's side.
struct Link<'a> {
    name: &'a str,
    child: Child,
    pipes: RefCell<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
}

impl<'a> Link<'a> {
    fn start(
        follower: &'a Follower,
        job: &EngineJob,
        work: fn(EngineJob) -> Work,
        pace: Pace,
    ) -> Result<Link<'a>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", follower.name);
        let ours: Vec<Library> = job.libraries.iter().take(1).cloned().collect();
        let own = EngineJob { libraries: ours, followers: vec![], follows: true, ..job.clone() };
        let own = Job { pace, work: work(own) };
        let program = std::env::current_exe().map_err(|e| failed(&e))?;
        let mut child = Command::new(program)
            .envs(follower.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| failed(&e))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(&"no pipes"));
        };
        let pipes = RefCell::new((stdin, BufReader::new(stdout).lines()));
        let link = Link { name: &follower.name, child, pipes };
        link.send(&serde_json::to_string(&own).map_err(|e| failed(&e))?)?;
        Ok(link)
    }

    fn send(&self, line: &str) -> Result<(), String> {
        let stdin = &mut self.pipes.borrow_mut().0;
        writeln!(stdin, "{line}").map_err(|e| format!("{}: {e}", self.name))
    }

    fn line(&self) -> Result<String, String> {
        match self.pipes.borrow_mut().1.next() {
            Some(Ok(line)) => Ok(line),
            _ => Err(format!("{} ended too early", self.name)),
        }
    }

    fn entrant(&self) -> Result<Entrant<'_>, String> {
        let made: Option<Made> =
            serde_json::from_str(&self.line()?).map_err(|e| format!("{}: {e}", self.name))?;
        let run = Box::new(|calls: u64| {
            self.send(&calls.to_string())?;
            let line = self.line()?;
            let took = line.parse().map_err(|_| format!("{}: no time: {line}", self.name))?;
            Ok(Duration::from_nanos(took))
        });
        Ok(Entrant { library: self.name, run, made })
    }
}

impl Drop for Link<'_> {
    fn drop(&mut self) {
        // A follower that waits for an order ends by itself when its input closes; one that works
        // for a leader that failed is not waited for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
