-- Version 4. What no two devices may have in common is found by it.
CREATE INDEX devices_by_mac ON devices (organisation, mac) WHERE mac <> '';
CREATE INDEX devices_by_instance ON devices (organisation, instance) WHERE instance <> '';
