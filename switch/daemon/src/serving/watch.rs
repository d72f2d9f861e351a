//! What the main thread of a node that serves waits for: signals, the rules of two nodes, workers that have
//! drained, and the time for each of that. Must not know what a worker does.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, after, never};
use journal::roles::event::{DrainId, Event as Told};
use signal_hook::consts::SIGHUP;
use switch_core::ids::WorkerId;
use tracing::{error, info, warn};

use super::handing::Handing;
use super::means::listen;
use super::opening::{Begin, Opening, Reigning};
use super::{End, Serving};
use crate::cli::EXIT_DATA;
use crate::clocks;
use crate::health::{Found, Health};
use crate::hooks::LATE;
use crate::journaling::Failure;
use crate::nodes::{ended, halted};
use crate::pairing::Order;
use crate::peer::Ship;
use crate::run::failed;
use crate::watchdog::Watchdog;
use crate::worker::{Command, Event};

/// What is waited for while it serves.
struct Watch<'a> {
    watchdog: Watchdog,
    health: Health,
    workers: u8,
    /// Workers that have not drained.
    left: usize,
    /// The end of the time for a drain, or for sign-offs.
    deadline: Receiver<Instant>,
    end: End,
    handing: Handing,
    /// None while no port is open yet.
    opening: Option<Opening>,
    /// Ready when they may be.
    promoted: Receiver<bool>,
    /// Ready when they are opened all the same.
    late: Receiver<Instant>,
    /// The reign of one of two nodes.
    reign: Option<Reigning>,
    ship: Option<&'a Arc<Ship>>,
}

/// What follows from something that happened.
enum Step {
    On,
    Over,
    Anew(Order),
}

impl Watch<'_> {
    /// It stops. Before nothing is in flight that goes first; behind that the other node does.
    fn drains(&mut self, within: Duration) {
        if self.handing.is_under_way() {
            self.does_not_hand_over();
        }
        if !matches!(self.end, End::HandsOver(_)) {
            self.deadline = after(within);
        }
        self.watchdog.stopping(within);
    }

    fn does_not_hand_over(&mut self) {
        let handing = std::mem::replace(&mut self.handing, Handing::none());
        self.is_not_drained(handing.id());
    }

    fn is_not_drained(&self, id: DrainId) {
        self.ship.inspect(|ship| ship.tell(Told::NotDrained(id)));
    }

    /// There is no time left.
    fn is_late(&self) {
        if matches!(self.end, End::HandsOver(_)) {
            info!("not every partner has said that it is signed off: it is handed over");
        } else {
            warn!("the time for the drain is over; what is still in flight is not answered");
        }
    }
}

impl Serving {
    /// Waits for the end: the first signal begins the drain, a second one, or the time for the drain,
    /// ends it. A node with a peer may be told to hand over instead.
    ///
    /// # Errors
    /// What failed.
    pub(crate) fn watch(
        &self,
        happened: &Receiver<Event>,
        reign: Option<(&Arc<Ship>, Begin)>,
    ) -> Result<End, Failure> {
        let (ship, begin) = reign.unzip();
        let reign = begin.as_ref().map(|begin| begin.reign.clone());
        let promoted = begin.and_then(|begin| begin.promoted);
        let late = promoted.as_ref().map_or_else(never, |_| after(LATE));
        let opening = promoted.is_none().then(|| self.opened(reign.clone(), self.waiting));
        let workers = self.running.now().plan.workers;
        let (service, mesh) = (Arc::clone(&self.service), Arc::clone(&self.mesh));
        let running = || Arc::clone(&self.running);
        let health = Health::new(Arc::clone(&mesh), running(), workers, ship.is_some());
        let watchdog = Watchdog::of_a_ready(service, mesh, running());
        let (ticks, looks) = (watchdog.ticks(), Health::ticks());
        let mut watch = Watch {
            watchdog,
            health,
            workers,
            left: usize::from(workers),
            deadline: never(),
            end: End::Stops,
            handing: Handing::none(),
            opening,
            promoted: promoted.unwrap_or_else(never),
            late,
            reign,
            ship,
        };
        let anew = loop {
            let step = crossbeam::channel::select! {
                recv(happened) -> event => match event {
                    Ok(event) => self.handle(event, &mut watch)?,
                    Err(_) => return Err(failed("no thread is left to wait for".into())),
                },
                recv(ticks) -> _ => {
                    let draining = self.draining.load(Ordering::Relaxed);
                    watch.watchdog.look(draining, &watch.health);
                    Step::On
                }
                recv(looks) -> _ => {
                    self.looks_whether_well(&mut watch);
                    Step::On
                }
                recv(watch.promoted) -> _ => self.opens(&mut watch)?,
                recv(watch.late) -> _ => {
                    error!("on_promote has not come back: the ports open all the same");
                    self.opens(&mut watch)?
                }
                recv(watch.handing.cut) -> _ => self.cuts_short(&mut watch),
                recv(watch.handing.until) -> _ => {
                    warn!("what is in flight did not end in time: nothing is handed over");
                    self.tell_all(&Command::Admit);
                    watch.does_not_hand_over();
                    Step::On
                }
                recv(watch.deadline) -> _ => {
                    watch.is_late();
                    Step::Over
                }
            };
            match step {
                Step::On => {}
                Step::Over => break None,
                Step::Anew(order) => break Some(End::Anew(order)),
            }
        };
        watch.ship.inspect(|ship| ship.looks(None));
        Ok(anew.unwrap_or_else(|| {
            self.tell_all(&Command::Stop);
            watch.end
        }))
    }

    /// Has the rules of two nodes and the service manager know when it is sick, or well again.
    fn looks_whether_well(&self, watch: &mut Watch<'_>) {
        watch.ship.inspect(|ship| ship.looks(Some(clocks::boot())));
        let is_own = match watch.health.look() {
            Found::Same => return,
            Found::Sick(why) => why.is_own(),
            Found::Well => false,
        };
        watch.ship.inspect(|ship| ship.tell(Told::Sick(is_own)));
        watch.watchdog.says(self.draining.load(Ordering::Relaxed), &watch.health);
    }

    /// Does what follows from an event.
    fn handle(&self, event: Event, watch: &mut Watch<'_>) -> Result<Step, Failure> {
        match event {
            Event::Signal(SIGHUP) => self.reload.is_signalled(),
            Event::Signal(signal) if !self.draining.swap(true, Ordering::Relaxed) => {
                let drain = self.running.now().configuration.drain;
                watch.drains(drain);
                self.tell_all(&Command::Drain);
                info!(signal, within_s = drain.as_secs(), "draining; a second signal ends at once");
            }
            // Its handler has ended the process, or is about to.
            Event::Signal(_) => return Err(failed("ended by a second signal".into())),
            Event::Drained(_) => {
                watch.left -= 1;
                if watch.left == 0 {
                    return Ok(Step::Over);
                }
            }
            // Of a pause that was given up it may come late.
            Event::Settled(worker, id) => {
                if watch.handing.settles(worker, id) {
                    watch.end = End::HandsOver(id);
                    // Partners are signed off, so that they expect nothing more of these links.
                    watch.deadline = watch.handing.signs_off();
                    self.tell_all(&Command::Drain);
                }
            }
            Event::Opened(opened) => {
                let plan = &self.running.now().plan;
                watch.opening.iter_mut().for_each(|opening| opening.opens(&opened, plan));
            }
            Event::Failed(worker, problem) => {
                return Err(failed(format!("worker {}: {problem}", worker.0)));
            }
            Event::Broken(failure) => return Err(failure),
            Event::Node(Order::Drain(id, _)) if self.draining.load(Ordering::Relaxed) => {
                watch.is_not_drained(id);
            }
            Event::Node(Order::Drain(id, nanos)) => {
                let peer = &self.running.now().configuration.peer;
                let drain = peer.as_ref().map_or(Duration::ZERO, |peer| peer.drain);
                let times = (Duration::from_nanos(nanos), drain);
                watch.handing = Handing::begins(id, watch.workers, times);
                self.tell_all(&Command::Pause(id));
                info!("handing over: what is in flight is to end, nothing more is admitted");
            }
            // Partners are signed off already, and there is no way back but a new begin.
            Event::Node(order @ Order::Admit) if matches!(watch.end, End::HandsOver(_)) => {
                return Ok(Step::Anew(order));
            }
            Event::Node(order) => {
                if matches!(order, Order::Admit) {
                    watch.handing = Handing::none();
                }
                if self.obey(order)? {
                    return Ok(Step::Anew(order));
                }
            }
        }
        Ok(Step::On)
    }

    /// What is in flight has had its time.
    fn cuts_short(&self, watch: &mut Watch<'_>) -> Step {
        watch.handing.was_cut();
        self.tell_all(&Command::CutShort);
        Step::On
    }

    /// The ports may be open.
    fn opens(&self, watch: &mut Watch<'_>) -> Result<Step, Failure> {
        (watch.promoted, watch.late) = (never(), never());
        watch.opening = Some(self.opened(watch.reign.clone(), self.listens()?));
        Ok(Step::On)
    }

    /// The workers have their ports, of so many of them some that wait; a reload may change them from here on.
    fn opened(&self, reign: Option<Reigning>, waiting: usize) -> Opening {
        if let Some(closed) = self.closed.take() {
            // It has room for one, and who waits for it is there as long as this is.
            closed.try_send(()).unwrap_or_default();
        }
        Opening::of(reign, waiting)
    }

    /// Opens the ports while the workers run; says how many of these have such that wait for issuers.
    fn listens(&self) -> Result<usize, Failure> {
        let now = self.running.now();
        listen(&now.configuration, &now.plan, |worker, held, open_after| {
            let held = Arc::new(Mutex::new(Some(held)));
            self.mesh.command(worker, Command::Ports(held, open_after));
            Ok(())
        })
    }

    fn tell_all(&self, command: &Command) {
        let workers = self.running.now().plan.workers;
        (0..workers).map(WorkerId).for_each(|worker| {
            self.mesh.command(worker, command.clone());
        });
    }

    /// Does what the rules of two nodes want of one that serves; says whether it is to begin anew.
    fn obey(&self, order: Order) -> Result<bool, Failure> {
        match order {
            Order::Halt(halting) => Err(Failure::new(EXIT_DATA, halted(halting))),
            Order::Demote(ending) if self.draining.load(Ordering::Relaxed) => {
                Err(failed(format!("{}, while it stopped", ended(ending))))
            }
            // It ends anyway.
            Order::Die if self.draining.load(Ordering::Relaxed) => Ok(false),
            Order::Demote(_) | Order::Anew(_) | Order::Die => Ok(true),
            Order::Admit => {
                self.tell_all(&Command::Admit);
                Ok(false)
            }
            Order::Drain(..) | Order::Reign(_) | Order::Open => Ok(false),
        }
    }
}
