//! Where the device of a call is plugged in, as `explain` is told.
use crate::base::now::Wall;
use crate::record::{AccessPoint, Attachment, Chassis, Interface, Mac, Measurements, Port};
use clap::Args;
use core::net::IpAddr;

/// What a device would say of its network.
#[derive(Clone, Debug, Default, Args)]
pub struct Attached {
    /// The access point that the caller's device uses: its hardware address
    #[arg(long, value_name = "MAC")]
    pub bssid: Option<String>,
    /// The switch that the device is plugged in to, as it says itself by LLDP: mostly a hardware address
    #[arg(long, value_name = "CHASSIS")]
    pub switch: Option<String>,
    /// The switch's port
    #[arg(long, requires = "switch")]
    pub port: Option<String>,
    /// The hardware address of the device's default gateway
    #[arg(long, value_name = "MAC")]
    pub gateway: Option<String>,
    /// The device's address in its own network
    #[arg(long, value_name = "IP")]
    pub address: Option<IpAddr>,
    /// The public address that the device's requests come from
    #[arg(long, value_name = "IP")]
    pub public: Option<IpAddr>,
}

impl Attached {
    /// Whether anything is said.
    pub fn is_given(&self) -> bool {
        let texts = [&self.bssid, &self.switch, &self.gateway];
        texts.into_iter().any(Option::is_some) || self.address.is_some() || self.public.is_some()
    }

    /// The same as measured at this moment; `None` when nothing is said.
    ///
    /// # Errors
    /// What cannot be read, with a remedy.
    pub fn measurements(&self, at: Wall) -> Result<Option<Measurements>, String> {
        if !self.is_given() {
            return Ok(None);
        }
        let bssid = mac("--bssid", self.bssid.as_deref())?;
        let access_points = bssid.map(|bssid| AccessPoint { bssid, serving: true, signal_dbm: None });
        let interface = Interface {
            at,
            is_virtual: false,
            switches: self.switch()?.into_iter().collect(),
            access_points: access_points.into_iter().collect(),
            gateway: mac("--gateway", self.gateway.as_deref())?,
            addresses: self.address.into_iter().collect(),
        };
        Ok(Some(Measurements { interfaces: vec![interface], public: self.public.map(|public| (public, at)) }))
    }

    fn switch(&self) -> Result<Option<Attachment>, String> {
        let Some(chassis) = &self.switch else { return Ok(None) };
        let chassis = Chassis::read(chassis).ok_or("--switch is empty or too long; try 02-00-00-00-01-01")?;
        let port = match &self.port {
            Some(port) => Some(Port::read(port).ok_or("--port is empty or too long; try 7")?),
            None => None,
        };
        Ok(Some(Attachment { chassis, port }))
    }
}

fn mac(option: &str, text: Option<&str>) -> Result<Option<Mac>, String> {
    let read = |text| Mac::read(text).ok_or(format!("{option} is no hardware address; try 02-00-00-00-00-11"));
    text.map(read).transpose()
}
