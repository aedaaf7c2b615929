//! Which job of the Manager has which checkout. Filled from the Manager's own list; when it is lost,
//! checkouts of jobs that are deleted before it is filled again stay.

use rocksdb::{IteratorMode, WriteBatch};

use super::{Index, IndexError, JobRow, columns};

impl Index {
    /// Notes which checkouts these jobs have.
    pub fn put_jobs<'a>(
        &self,
        jobs: impl IntoIterator<Item = (&'a str, JobRow)>,
    ) -> Result<(), IndexError> {
        let column = columns::jobs(&self.db);
        let mut batch = WriteBatch::default();
        for (id, row) in jobs {
            batch.put_cf(column, id, row.encode());
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// All jobs that are known to have a checkout, by id.
    pub fn jobs(&self) -> Result<Vec<(String, JobRow)>, IndexError> {
        let column = columns::jobs(&self.db);
        let mut jobs = Vec::new();
        for row in self.db.iterator_cf(column, IteratorMode::Start) {
            let (id, row) = row.map_err(|e| self.failed(e))?;
            let id = std::str::from_utf8(&id).ok().map(str::to_owned);
            jobs.extend(id.zip(JobRow::decode(&row)));
        }
        Ok(jobs)
    }

    /// Looks up a job.
    pub fn job(&self, id: &str) -> Result<Option<JobRow>, IndexError> {
        let row = self.db.get_pinned_cf(columns::jobs(&self.db), id).map_err(|e| self.failed(e))?;
        Ok(row.and_then(|bytes| JobRow::decode(&bytes)))
    }

    /// Forgets a job.
    pub fn forget_job(&self, id: &str) -> Result<(), IndexError> {
        self.db.delete_cf(columns::jobs(&self.db), id).map_err(|e| self.failed(e))
    }
}
