//! Dial plans: one file a country, with its numbers and what they mean.
use super::complaint::Complaint;
use super::document::Document;
use super::table::{Reader, Table, table};
use super::texts::Text;
use crate::record::DialPlan;

table! {
    /// A country's numbers and what they mean.
    Plan {
        /// The country: two capital letters of ISO 3166-1, or `EU`.
        [required] country: String = "US".into(),
        /// The country calling code, without `+`. Empty where there is none, as for `EU`.
        [required] calling_code: String = "1".into(),
        /// Whether emergency calls of this country are routed; else they go by the site's gateway.
        switched_on: bool = false,
        /// Numbers of emergency services.
        [required] emergency: Vec<String> = vec!["911".into()],
        /// Numbers that test an emergency call.
        test: Vec<String> = Vec::new(),
        /// Numbers of a crisis line.
        crisis: Vec<String> = Vec::new(),
    }
}

/// Reads dial plans, one a country.
pub fn read_all(texts: &[Text], complaints: &mut Vec<Complaint>) -> Vec<DialPlan> {
    let mut plans: Vec<DialPlan> = Vec::new();
    for (file, text) in texts {
        let Some(plan) = read(file, text, complaints) else { continue };
        if plans.iter().any(|earlier| earlier.country == plan.country) {
            complaints.push(Complaint {
                file: file.to_string(),
                line: None,
                key: "country".into(),
                why: "another file has the plan of this country".into(),
                remedy: "one file a country".into(),
            });
        }
        plans.push(plan);
    }
    plans
}

/// Reads one dial plan. What is wrong with it is told to `complaints`.
pub fn read(file: &str, text: &str, complaints: &mut Vec<Complaint>) -> Option<DialPlan> {
    let before = complaints.len();
    let (document, values) = Document::parse(file, text, &[], complaints);
    let plan = Plan::read(&mut Reader::new(&document, "", values?, complaints));
    if complaints.len() > before {
        return None;
    }
    let mut complain = |key: &str, why: &str, remedy: &str| {
        complaints.push(document.complaint(key, why.into(), remedy.into()));
    };
    if plan.country.len() != 2 || !plan.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        complain("country", "is not a country", "two capital letters, as US");
    }
    if plan.calling_code.len() > 3 || !is_digits(&plan.calling_code) {
        complain("calling_code", "is not a country calling code", "one to three digits, as 1 or 45");
    }
    if plan.emergency.is_empty() {
        complain("emergency", "has no number, so no call would be an emergency call", "[\"911\"]");
    }
    let mut seen = std::collections::HashSet::new();
    for (key, numbers) in [("emergency", &plan.emergency), ("test", &plan.test), ("crisis", &plan.crisis)] {
        for (at, number) in numbers.iter().enumerate() {
            let key = format!("{key}[{at}]");
            if number.is_empty() || number.len() > 15 || !is_digits(number) {
                complain(&key, "is not a number as a phone dials it", "digits alone, as 911");
            }
            if !seen.insert(number) {
                complain(&key, "stands in this plan already", "one class a number");
            }
        }
    }
    (complaints.len() == before).then_some(DialPlan {
        country: plan.country.into(),
        calling_code: plan.calling_code,
        switched_on: plan.switched_on,
        emergency: plan.emergency,
        test: plan.test,
        crisis: plan.crisis,
    })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_and_keys_left_out_are_empty() {
        let mut complaints = Vec::new();
        let text = "country = \"US\"\ncalling_code = \"1\"\nswitched_on = true\nemergency = [\"911\", \"112\"]\n";
        let plan = read("us.toml", text, &mut complaints);
        assert_eq!(complaints, []);
        let plan = plan.unwrap();
        assert_eq!((&*plan.country, plan.switched_on, plan.emergency.len(), plan.crisis.len()), ("US", true, 2, 0));
    }

    #[test]
    fn a_country_has_one_plan() {
        let text = "country = \"DK\"\ncalling_code = \"45\"\nemergency = [\"112\"]\n";
        let mut complaints = Vec::new();
        read_all(&[("a.toml".into(), text.into()), ("b.toml".into(), text.into())], &mut complaints);
        let told: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["b.toml country: another file has the plan of this country; try one file a country"]);
    }

    #[test]
    fn a_number_in_two_classes_is_refused_where_it_stands() {
        let mut complaints = Vec::new();
        let text =
            "country = \"us\"\ncalling_code = \"1\"\nemergency = [\"911\"]\ncrisis = [\n  \"988\",\n  \"911\",\n]\n";
        assert_eq!(read("us.toml", text, &mut complaints), None);
        let told: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "us.toml:1 country: is not a country; try two capital letters, as US",
                "us.toml:6 crisis[1]: stands in this plan already; try one class a number",
            ]
        );
    }
}
