//! What a panel of Insights shows, read as a person would: from its table and its tiles.

use super::Person;

impl Person {
    /// Opens the numbers of `panel`, if they are not, and waits until its answer is there.
    pub async fn open_numbers(&self, panel: &str) {
        self.until(
            &format!(
                "const answer = document.querySelector('#panel-{panel} .answer:not([aria-busy])');
                 const details = answer && answer.querySelector('details');
                 if (details && !details.open) details.querySelector('summary').click();
                 return !!details && !!details.querySelector('tbody')"
            ),
            0,
        )
        .await;
    }

    /// The rows of `panel`'s table, cell by cell.
    pub async fn numbers(&self, panel: &str) -> Vec<Vec<String>> {
        self.open_numbers(panel).await;
        let rows = self
            .run(&format!(
                "const rows = [...document.querySelectorAll('#panel-{panel} tbody tr')];
                 return JSON.stringify(rows.map(r => [...r.cells].map(c => c.textContent)))"
            ))
            .await;
        serde_json::from_str(&rows).unwrap()
    }

    /// Chooses `value` in the list `name`.
    pub async fn choose(&self, name: &str, value: &str) {
        self.choose_in(&format!("select[name='{name}']"), value).await;
    }

    pub async fn choose_in(&self, selector: &str, value: &str) {
        self.see(&format!("{selector} option[value='{value}']")).await;
        self.run(&format!(
            "const s = document.querySelector(\"{selector}\"); s.value = '{value}';
             s.dispatchEvent(new Event('change', {{ bubbles: true }})); return ''"
        ))
        .await;
    }

    /// Types `value` into the field `name` and leaves it.
    pub async fn fill(&self, name: &str, value: &str) {
        let selector = format!("input[name='{name}']");
        self.see(&selector).await;
        self.run(&format!(
            "const i = document.querySelector(\"{selector}\"); i.value = '{value}';
             i.dispatchEvent(new Event('change', {{ bubbles: true }})); return ''"
        ))
        .await;
    }
}
