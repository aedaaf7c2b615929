//! Which job of the Manager has which checkout. Filled from the Manager's own list; when it is lost,
//! checkouts of jobs that are deleted before it is filled again stay.

use rocksdb::{IteratorMode, WriteBatch};
use shaman_proto::CheckoutPath;

use super::{Index, IndexError, columns};

impl Index {
    /// Notes which checkouts these jobs have.
    pub fn put_jobs<'a>(
        &self,
        jobs: impl IntoIterator<Item = (&'a str, &'a CheckoutPath)>,
    ) -> Result<(), IndexError> {
        let column = columns::jobs(&self.db);
        let mut batch = WriteBatch::default();
        for (id, checkout) in jobs {
            batch.put_cf(column, id, checkout.as_str());
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// All jobs that are known to have a checkout, by id.
    pub fn jobs(&self) -> Result<Vec<(String, CheckoutPath)>, IndexError> {
        let column = columns::jobs(&self.db);
        let mut jobs = Vec::new();
        for row in self.db.iterator_cf(column, IteratorMode::Start) {
            let (id, checkout) = row.map_err(|e| self.failed(e))?;
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
            // A row that does not decode counts as not there.
            let checkout = text(&checkout).and_then(|text| text.parse().ok());
            jobs.extend(text(&id).zip(checkout));
        }
        Ok(jobs)
    }

    /// Forgets a job.
    pub fn forget_job(&self, id: &str) -> Result<(), IndexError> {
        self.db.delete_cf(columns::jobs(&self.db), id).map_err(|e| self.failed(e))
    }
}
