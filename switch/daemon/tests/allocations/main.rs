//! After start-up the path of a request allocates nothing: a worker of the daemon under load from
//! real sockets and with a real journal, turned by hand on a thread whose allocations are counted.

mod counting;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bench::issuer::{self, Issuer};
use bench::load::{self, Pace};
use codec::{Framing, built_in};
use crossbeam::channel::bounded;
use daemon::config::{self, Configuration, Endpoint, Mode};
use daemon::journaling::{self, Around, Journal};
use daemon::mesh::Mesh;
use daemon::notes;
use daemon::tunings::Tunings;
use daemon::worker::{Command, Made, Nets, Next, Parts, Worker};
use switch_core::plan::Plan;
use switch_net::Budget;

use counting::{Counting, allocations};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Transactions that must pass while nothing is allocated.
const TRANSACTIONS: u64 = 20_000;

/// One acquirer, and an issuer at that address.
fn configured(issuer: SocketAddr, directory: &Path) -> Configuration {
    let file = directory.join("sekisho.toml");
    let text = format!(
        r#"
        [node]
        name = "allocations"
        institution = "49000000001"
        state = "{state}"
        workers = 1
        [[station]]
        name = "merchant"
        role = "acquirer"
        institution = "77334000001"
        dialect = "iso93-ascii"
        framing = "nac"
        listen = ["127.0.0.1:0"]
        [[station]]
        name = "issuer"
        role = "issuer"
        institution = "49711000001"
        dialect = "iso93-binary"
        framing = "bin2"
        connect = ["{issuer}"]
        links = 2
        [[route]]
        pan = "353011"
        to = ["issuer"]
        "#,
        state = directory.display()
    );
    std::fs::write(&file, text).expect("a file in it");
    config::load(&file, Mode { insecure_demo: true }).expect("it is right")
}

/// A worker with a journal, whose threads run beside it.
fn worker(configuration: &Configuration) -> (Box<Worker>, Journal, Reloading) {
    let sealing = configuration.journal.read_keys(None).expect("none is named");
    let mut opened = journaling::open(configuration, sealing, &|| {}).expect("a new journal");
    let plan = Plan::new(configuration.settings.clone()).expect("it was checked");
    let plan = Arc::new(opened.numbered(plan).expect("numbers"));
    let endpoints: Arc<[_]> = configuration.endpoints.clone().into();
    let nets = Nets::new(&plan, &endpoints, &Budget::default()).expect("sockets");
    let mesh = Arc::new(Mesh::new(nets.wakers()));
    let (notes, _log) = notes::channel();
    let (events, _happened) = bounded(1);
    let parts = Parts {
        plan: Arc::clone(&plan),
        endpoints,
        spin: Duration::ZERO,
        notes: notes.clone(),
        keys: None,
        reader: None,
        events: events.clone(),
        journaled: true,
    };
    let Made { mut workers, to_journal } = nets.into_workers(&parts, &mesh);
    let mut worker = Box::new(workers.remove(0));
    worker.listen().expect("a free port");
    let tunings = Arc::new(Tunings::of(configuration));
    let reloading = Reloading { mesh: Arc::clone(&mesh), plan: Arc::clone(&plan) };
    let around = Around { lanes: to_journal, mesh, plan, tunings, notes, events, ship: None };
    let journal = journaling::start(opened, around, |state| worker.restore(state), &|| ());
    (worker, journal.expect("a disk"), reloading)
}

/// What it takes to have the worker adopt another configuration.
struct Reloading {
    mesh: Arc<Mesh>,
    plan: Arc<Plan>,
}

impl Reloading {
    /// Another station, with a port and a link of its own, and another route.
    fn adopts(&self, worker: &mut Worker, mut configuration: Configuration, issuer: SocketAddr) {
        let [.., issuing] = &configuration.settings.stations[..] else { unreachable!() };
        let mut more = issuing.clone();
        more.name = "another".into();
        configuration.settings.stations.push(more);
        let [.., endpoint] = &configuration.endpoints[..] else { unreachable!() };
        let endpoint = Endpoint { connect: vec![issuer; 2], ..endpoint.clone() };
        configuration.endpoints.push(endpoint);
        let plan = Plan::succeed(&self.plan, configuration.settings).expect("it follows").plan;
        let next = Arc::new(Next {
            plan: Arc::new(plan),
            endpoints: configuration.endpoints.into(),
            spin: Duration::ZERO,
            ports: vec![Mutex::default()],
        });
        let (sender, taken) = bounded(2);
        for command in [Command::Adopt, Command::Open] {
            self.mesh.command(worker.id(), command(Arc::clone(&next), sender.clone()));
            while taken.is_empty() {
                worker.turn().expect("it turns");
            }
            let problems = taken.recv().expect("it is there").problems;
            assert_eq!(problems, Vec::<String>::new());
        }
    }
}

#[test]
fn a_worker_under_load_allocates_nothing_per_transaction_nor_after_a_reload() {
    let (stop, closed) = (AtomicBool::new(false), AtomicBool::new(false));
    let binary = built_in("iso93-binary").expect("it is built in");
    let bin2 = Framing::built_in("bin2").expect("it is built in");
    let any = "127.0.0.1:0".parse().expect("an address");
    let issuer = Issuer::open(&issuer::Options::new(vec![any], binary, bin2)).expect("a free port");
    let directory =
        std::env::temp_dir().join(format!("sekisho-allocations-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let at = issuer.addresses()[0];
    let configuration = configured(at, &directory);
    let (mut worker, journal, reloading) = worker(&configuration);
    let target = worker.listening()[0];
    thread::scope(|scope| {
        scope.spawn(|| issuer.run(&closed, &mut |_| ()).expect("it runs"));
        let load = scope.spawn(|| {
            let ascii = built_in("iso93-ascii").expect("it is built in");
            let nac = Framing::built_in("nac").expect("it is built in");
            let options = load::Options {
                connections: 8,
                pace: Pace::Window(8),
                duration: Duration::from_mins(1),
                ..load::Options::new(target, ascii, nac)
            };
            load::run(&options, &stop, &mut |_| ())
        });
        let turn_until = |worker: &mut Worker, settled: u64| {
            while worker.settled() < settled {
                worker.turn().expect("it turns");
            }
        };
        // Tables and buffers grow to their use first.
        turn_until(&mut worker, TRANSACTIONS);
        let count = allocations(|| turn_until(&mut worker, 2 * TRANSACTIONS));
        reloading.adopts(&mut worker, configuration, at);
        // What is new connects.
        turn_until(&mut worker, 2 * TRANSACTIONS + TRANSACTIONS / 10);
        let later = allocations(|| turn_until(&mut worker, 3 * TRANSACTIONS));
        // What is in flight is answered, then both end; only then is the verdict given, or a failure
        // would wait for them for ever.
        stop.store(true, Ordering::Relaxed);
        while !load.is_finished() {
            worker.turn().expect("it turns");
        }
        closed.store(true, Ordering::Relaxed);
        let report = load.join().expect("it ends").expect("it ran");
        assert_eq!(count, 0, "allocations in {TRANSACTIONS} transactions");
        assert_eq!(later, 0, "allocations in as many behind a reload");
        assert_eq!((report.mismatched, report.sent >= 3 * TRANSACTIONS), (0, true));
    });
    drop(worker);
    journal.stop();
    std::fs::remove_dir_all(&directory).expect("it was made here");
}
