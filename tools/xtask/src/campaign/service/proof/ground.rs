//! Where the proof takes place: machines, the lines between them, the field around them, and where one stands. Must
//! not know what is typed there.

use std::io;
use std::net::Ipv4Addr;

use super::Proof;
use crate::campaign::service::field::Field;
use crate::campaign::service::site::{LARGE, SMALL, Site};
use crate::campaign::trouble::Trouble;
use crate::machine::line::Line;
use crate::machine::network::Network;

/// Where the centres are, of the ends of a line.
pub(in super::super) const FIELD: &str = "field";

impl Proof<'_> {
    /// One more machine like the first, with a large disk; one stands at it then.
    pub(in super::super) fn boots_another(
        &mut self,
        name: &'static str,
    ) -> Result<&mut Self, Trouble> {
        let site = Site::node(name, &self.base, &self.package, LARGE)?;
        Ok(self.has_another(site))
    }

    /// A machine that is no node, with a disk of its own at that place; one stands at it then.
    pub(in super::super) fn boots_other(
        &mut self,
        name: &'static str,
        place: &'static str,
    ) -> Result<&mut Self, Trouble> {
        let site = Site::other(name, &self.base, place, SMALL)?;
        Ok(self.has_another(site))
    }

    fn has_another(&mut self, site: Site) -> &mut Self {
        self.here = self.sites.len();
        self.sites.push(site);
        self
    }

    /// The centres are in a place of their own from now on, which each node has a line to.
    pub(in super::super) fn opens_field(&mut self) -> Result<(), Trouble> {
        self.field = Some(Field::opens()?);
        let name = self.site().name;
        self.at(name).map(drop)
    }

    /// One goes to the machine of that name, and does there whatever comes behind that.
    pub(in super::super) fn at(&mut self, name: &str) -> Result<&mut Self, Trouble> {
        let here = self.sites.iter().position(|site| site.name == name);
        self.here = here.ok_or_else(|| Trouble::Failed(format!("no machine is called {name}")))?;
        let network = self.site().machine.network().enter();
        network.map_err(Trouble::failed("the machine's network")).map(|()| self)
    }

    /// A line of that name from the first to the second of these places, at whose ends they have these addresses.
    pub(in super::super) fn lay_line(
        &mut self,
        line: &'static str,
        [one, other]: [(&str, Ipv4Addr); 2],
    ) -> Result<(), Trouble> {
        let ends = [(self.network(one.0)?, one.1), (self.network(other.0)?, other.1)];
        let laid = Line::between(line, ends).map_err(Trouble::failed("a line"))?;
        self.lines.insert(line, laid);
        Ok(())
    }

    fn network(&self, name: &str) -> Result<&Network, Trouble> {
        match &self.field {
            Some(field) if name == FIELD => Ok(field.network()),
            _ => self.site_of(name).map(|site| site.machine.network()),
        }
    }

    /// Something happens to the line of that name.
    pub(in super::super) fn line(
        &mut self,
        line: &str,
        what: &str,
        happens: impl FnOnce(&Line) -> io::Result<()>,
    ) -> Result<(), Trouble> {
        self.tell(&format!("  * {line} {what}"));
        let line = self.lines.get(line).ok_or_else(|| Trouble::Failed(format!("no {line}")))?;
        happens(line).map_err(Trouble::failed("a line"))
    }

    /// The node that one stands at.
    pub(in super::super) fn site(&self) -> &Site {
        &self.sites[self.here]
    }

    /// The same, for something that happens to it.
    pub(in super::super) fn site_mut(&mut self) -> &mut Site {
        &mut self.sites[self.here]
    }

    /// The node of that name, for who stands elsewhere.
    pub(in super::super) fn site_of(&self, name: &str) -> Result<&Site, Trouble> {
        let site = self.sites.iter().find(|site| site.name == name);
        site.ok_or_else(|| Trouble::Failed(format!("no machine is called {name}")))
    }

    /// All machines are powered off as operators would.
    pub(in super::super) fn ends_all(&mut self) -> Result<(), Trouble> {
        let mut sites = self.sites.iter_mut();
        let ended = sites.try_for_each(|site| site.machine.power_off());
        ended.map_err(Trouble::failed("the end of the machines"))
    }
}
