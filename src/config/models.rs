//! What models of devices can do: one file a maker.
use super::complaint::Complaint;
use super::document::Document;
use super::table::{Reader, table};
use super::texts::Text;
use crate::record::{Capability, Models};

table! {
    /// A model, or a family of models whose names begin alike.
    Model {
        /// How its name begins. Letters and digits alone count.
        [required] name: String = "CP-88".into(),
        /// How it learns where it is: `held`, `held+` or `none`.
        [required] capability: Capability = Capability::Held,
    }
}

/// Reads the files of all makers.
pub fn read_all(texts: &[Text], complaints: &mut Vec<Complaint>) -> Models {
    let mut models = Models::default();
    for (file, text) in texts {
        let (document, values) = Document::parse(file, text, &[], complaints);
        let Some(values) = values else { continue };
        let mut reader = Reader::new(&document, "", values, complaints);
        let maker: String = reader.key("maker", true, "Cisco".into());
        let read: Vec<Model> = reader.tables("model");
        reader.refuse_the_rest(&["maker", "model"]);
        for (at, model) in read.iter().enumerate() {
            if !models.add(&maker, &model.name, model.capability) {
                let why = "is empty, or the name of another model".into();
                complaints.push(document.complaint(&format!("model[{at}].name"), why, "a name of its own".into()));
            }
        }
    }
    models
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_and_what_is_wrong_is_told_where_it_stands() {
        let mut complaints = Vec::new();
        let sound = "maker = \"Cisco\"\n[[model]]\nname = \"CP-88\"\ncapability = \"held\"\n";
        let models = read_all(&[("cisco.toml".into(), sound.into())], &mut complaints);
        assert_eq!((models.capability("Cisco CP-8851"), complaints.len()), (Capability::Held, 0));
        let wrong = "maker = \"Cisco\"\n[[model]]\nname = \"cp88\"\ncapability = \"yes\"\n[[model]]\nname = \"CP88\"\n\
                     capability = \"none\"\n";
        read_all(&[("cisco.toml".into(), wrong.into())], &mut complaints);
        let told: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "cisco.toml:4 model[0].capability: is not held, held+ or none; try \"held\"",
                "cisco.toml:6 model[1].name: is empty, or the name of another model; try a name of its own",
            ]
        );
    }
}
