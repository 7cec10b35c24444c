//! Areas drawn on a map, as GeoJSON (RFC 7946): what the makers of maps export.
use super::complaint::Complaint;
use super::texts::Text;
use crate::record::{Boundaries, Boundary};
use geo::{CoordsIter, MultiPolygon, Validation};
use geojson::{Feature, FeatureCollection, GeometryValue};

/// Reads all files. A boundary is a feature with a property `name`, a Polygon or a MultiPolygon.
pub fn read_all(texts: &[Text], complaints: &mut Vec<Complaint>) -> Boundaries {
    let mut read: Vec<Boundary> = Vec::new();
    for (file, text) in texts {
        let mut complain = |key: String, why: String, remedy: &str| {
            complaints.push(Complaint { file: file.to_string(), line: None, key, why, remedy: remedy.into() });
        };
        let collection = match text.parse::<FeatureCollection>() {
            Ok(collection) => collection,
            Err(error) => {
                complain(String::new(), format!("is no GeoJSON ({error})"), "a FeatureCollection (RFC 7946 §3.3)");
                continue;
            }
        };
        for (at, feature) in collection.features.iter().enumerate() {
            match boundary(feature) {
                Ok(boundary) if read.iter().any(|earlier| earlier.name == boundary.name) => {
                    complain(format!("features[{at}]"), "has the name of another boundary".into(), "a name of its own");
                }
                Ok(boundary) => read.push(boundary),
                Err((why, remedy)) => complain(format!("features[{at}]"), why, remedy),
            }
        }
    }
    Boundaries::new(read)
}

/// One boundary, or what is wrong with it and what to try.
fn boundary(feature: &Feature) -> Result<Boundary, (String, &'static str)> {
    let name = feature.property("name").and_then(|name| name.as_str()).filter(|name| !name.trim().is_empty());
    let name = name.ok_or(("has no property name".to_owned(), "\"properties\": { \"name\": \"cook-county\" }"))?;
    let no_area = || ("is no Polygon and no MultiPolygon".to_owned(), "one of these as its geometry");
    let value = feature.geometry.as_ref().map(|geometry| &geometry.value).ok_or_else(no_area)?;
    let parts: MultiPolygon<f64> = match value {
        GeometryValue::Polygon { .. } => geo::Polygon::try_from(value).map_err(|_| no_area())?.into(),
        GeometryValue::MultiPolygon { .. } => MultiPolygon::try_from(value).map_err(|_| no_area())?,
        _ => return Err(no_area()),
    };
    let is_on_earth =
        parts.coords_iter().all(|corner| (-180.0..=180.0).contains(&corner.x) && (-90.0..=90.0).contains(&corner.y));
    if !is_on_earth {
        return Err(("has a corner that is not on the earth".into(), "degrees east before degrees north, in WGS 84"));
    }
    if parts.0.iter().all(|part| part.exterior().0.is_empty()) {
        return Err(("has no corners".into(), "a ring of at least four, the last of them the first"));
    }
    parts
        .check_validation()
        .map_err(|error| (format!("is no sound area ({error})"), "to draw it without crossings"))?;
    Ok(Boundary { name: name.into(), parts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Position, Shape};

    fn feature(name: &str, geometry: &str) -> String {
        format!(r#"{{"type":"Feature","properties":{{{name}}},"geometry":{geometry}}}"#)
    }

    fn read(features: &[String]) -> (Boundaries, Vec<String>) {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
        let mut complaints = Vec::new();
        let read = read_all(&[("a.geojson".into(), text.into())], &mut complaints);
        (read, complaints.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_boundary_of_several_parts_is_read_with_its_holes() {
        let parts = r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[3,0],[3,3],[0,3],[0,0]],[[1,1],[1,2],[2,2],[2,1],[1,1]]],[[[10,0],[11,0],[11,1],[10,0]]]]}"#;
        let (read, told) = read(&[feature(r#""name":"cook","fips":17031"#, parts)]);
        assert_eq!(told, Vec::<String>::new());
        let shares = |north, east| {
            let point = Shape::Point(Position::new(north, east, None).unwrap());
            read.covering(&point).iter().map(|covered| covered.share).collect::<Vec<_>>()
        };
        assert_eq!((shares(0.5, 0.5), shares(1.5, 1.5), shares(0.2, 10.5)), (vec![1000], vec![], vec![1000]));
    }

    #[test]
    fn what_is_wrong_is_told_with_the_feature_and_what_to_try() {
        let ring = |corners: &str| format!(r#"{{"type":"Polygon","coordinates":[[{corners}]]}}"#);
        let sound = ring("[0,0],[1,0],[1,1],[0,0]");
        let (_, told) = read(&[
            feature("", &sound),
            feature(r#""name":"a""#, r#"{"type":"Point","coordinates":[0,0]}"#),
            feature(r#""name":"b""#, &ring("[41.8,-187.6],[1,0],[1,1],[41.8,-187.6]")),
            feature(r#""name":"c""#, &ring("[0,0],[1,1],[1,0],[0,1],[0,0]")),
            feature(r#""name":"d""#, &sound),
            feature(r#""name":"d""#, &sound),
        ]);
        let begins = [
            "a.geojson features[0]: has no property name; try \"properties\": ",
            "a.geojson features[1]: is no Polygon and no MultiPolygon; try ",
            "a.geojson features[2]: has a corner that is not on the earth; try ",
            "a.geojson features[3]: is no sound area (",
            "a.geojson features[5]: has the name of another boundary; try ",
        ];
        assert_eq!(told.len(), begins.len(), "{told:#?}");
        assert!(told.iter().zip(begins).all(|(told, begin)| told.starts_with(begin)), "{told:#?}");
        let mut complaints = Vec::new();
        read_all(&[("a.geojson".into(), "{".into())], &mut complaints);
        assert!(complaints[0].to_string().starts_with("a.geojson: is no GeoJSON ("));
    }
}
