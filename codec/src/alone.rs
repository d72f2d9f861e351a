//! A field that was kept without its message. Knows no message.

use crate::decode::read_units;
use crate::dialect::Dialect;
use crate::value::Value;

impl Dialect {
    /// The value in `wire`, the bytes of DE `n` as they stood in a message of this dialect, length
    /// prefix included; `None` when they can not have stood there.
    #[inline]
    pub fn value_in<'a>(&self, n: u8, wire: &'a [u8]) -> Option<Value<'a>> {
        let spec = self.field(n)?;
        let shape = self.layout().shape(n);
        let units = read_units(shape, wire, 0).ok()?;
        let value = wire.get(shape.head.size()..).filter(|v| v.len() == shape.size(units))?;
        Some(Value::new(value, u16::try_from(units).ok()?, spec))
    }
}
