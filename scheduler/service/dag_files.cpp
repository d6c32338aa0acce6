#include "scheduler/service/dag_files.h"

#include <algorithm>
#include <utility>

#include "scheduler/dagfile/canonical.h"

namespace baton {

DagFiles::DagFiles(const std::vector<DagFileRow>& files, const std::vector<DagRow>& dags) {
  for (const DagFileRow& row : files) files_[row.path].row = row;
  for (const DagRow& dag : dags) {
    const auto file = files_.find(dag.file);
    if (file == files_.end() || dag.stale.holds()) continue;
    file->second.gives.insert(dag.dag_id);
    file->second.versions[dag.dag_id] = dag.version;
    owners_[dag.dag_id] = dag.file;
    claimed_by_[dag.dag_id].insert(dag.file);
  }
}

bool DagFiles::has_changed(const FileSeen& seen) const {
  const auto known = files_.find(seen.path);
  if (known == files_.end()) return true;
  const DagFileRow& row = known->second.row;
  return row.size != seen.size || row.mtime != seen.mtime || row.inode != seen.inode;
}

DagFiles::Look DagFiles::see_all(const std::vector<FileSeen>& all) const {
  Look look;
  std::set<std::string> there;
  for (const FileSeen& seen : all) {
    there.insert(seen.path);
    if (has_changed(seen)) look.to_read.push_back(seen.path);
  }
  for (const auto& [path, file] : files_) {
    if (there.count(path) == 0) look.gone.push_back(path);
  }
  return look;
}

std::string DagFiles::hash_of(const std::string& path) const {
  const auto known = files_.find(path);
  return known == files_.end() ? std::string() : known->second.row.hash;
}

std::optional<std::string> DagFiles::file_of(const std::string& dag_id) const {
  const auto owner = owners_.find(dag_id);
  return owner == owners_.end() ? std::nullopt : std::optional(owner->second);
}

std::vector<std::string> DagFiles::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files_) paths.push_back(path);
  return paths;
}

FileChanges DagFiles::take(FileRead read, WallUs now) {
  FileChanges changes;
  File& file = files_[read.seen.path];
  DagFileRow& row = file.row;
  row.path = read.seen.path;
  row.size = read.seen.size;
  row.mtime = read.seen.mtime;
  row.inode = read.seen.inode;
  if (read.is_same) {  // touched, or written as it was
    changes.files.push_back(row);
    return changes;
  }
  row.hash = read.hash;
  row.read_at = now;
  const std::set<std::string> told_before = claimants(file.claims, row.path);
  for (const FoundId& claim : file.claims) claimed_by_[claim.id].erase(row.path);
  file.claims = read.content.ids;
  for (const FoundId& claim : file.claims) claimed_by_[claim.id].insert(row.path);
  file.findings = std::move(read.content.diagnostics);
  if (!has_errors(file.findings)) give(file, read, changes);
  tell(file, now, changes);
  std::set<std::string> others = claimants(file.claims, row.path);  // they learn that they are not alone, or are again
  others.insert(told_before.begin(), told_before.end());
  for (const std::string& path : others) tell(files_.at(path), now, changes);
  changes.read_again.erase(row.path);
  return changes;
}

/// What a sound file says: its DAGs come or change, those that it does not hold any more go. An id that another file
/// has stays there.
void DagFiles::give(File& file, const FileRead& read, FileChanges& changes) {
  const std::string words = read.hash + read.calendars;
  const bool is_other_text = std::exchange(file.given_words, words) != words;
  std::set<std::string> held;
  for (const std::shared_ptr<const Dag>& dag : read.content.dags) {
    const auto owner = owners_.try_emplace(dag->id, file.row.path).first;
    if (owner->second != file.row.path) continue;
    held.insert(dag->id);
    file.gives.insert(dag->id);
    std::string& version = file.versions[dag->id];
    if (version == dag->version && !is_other_text) continue;
    version = dag->version;
    changes.given.push_back({dag, file.row.path});
  }
  const std::set<std::string> before = file.gives;
  for (const std::string& id : before) {
    if (held.count(id) == 0) take_from(file, id, changes);
  }
}

/// Another file may have waited for the id: it is read again, and takes it.
void DagFiles::take_from(File& file, const std::string& dag_id, FileChanges& changes) {
  file.gives.erase(dag_id);
  file.versions.erase(dag_id);
  owners_.erase(dag_id);
  claimed_by_[dag_id].erase(file.row.path);
  changes.lost.push_back(dag_id);
  for (const auto& [path, other] : files_) {
    // One that failed before the last start may hold any id.
    const bool is_unknown = other.claims.empty() && other.row.failed_since != kNoTime;
    if (path != file.row.path && (is_unknown || claimed_by_[dag_id].count(path) > 0)) changes.read_again.insert(path);
  }
}

FileChanges DagFiles::drop(const std::string& path, WallUs now) {
  FileChanges changes;
  const auto found = files_.find(path);
  if (found == files_.end()) return changes;
  File file = std::move(found->second);
  const std::set<std::string> others = claimants(file.claims, path);
  for (const FoundId& claim : file.claims) claimed_by_[claim.id].erase(path);
  files_.erase(found);
  const std::set<std::string> gave = file.gives;
  for (const std::string& id : gave) take_from(file, id, changes);
  for (const std::string& other : others) tell(files_.at(other), now, changes);
  file.row.is_gone = true;
  changes.files.push_back(file.row);
  return changes;
}

std::set<std::string> DagFiles::claimants(const std::vector<FoundId>& ids, const std::string& but) const {
  std::set<std::string> paths;
  for (const FoundId& claim : ids) {
    const auto found = claimed_by_.find(claim.id);
    if (found == claimed_by_.end()) continue;
    for (const std::string& path : found->second) {
      if (path != but && files_.count(path) > 0) paths.insert(path);
    }
  }
  return paths;
}

std::vector<Diagnostic> DagFiles::shared_with_others(const File& file) const {
  std::vector<FoundId> ids;
  const auto add = [&](const std::string& id, const File& of) {
    const auto claim =
        std::find_if(of.claims.begin(), of.claims.end(), [&](const FoundId& found) { return found.id == id; });
    if (claim != of.claims.end()) return ids.push_back(*claim);
    FoundId unread;  // known from the store: its place is not
    unread.id = id;
    unread.at.file = of.row.path;
    ids.push_back(unread);
  };
  std::set<std::string> mine = file.gives;
  for (const FoundId& claim : file.claims) mine.insert(claim.id);
  for (const std::string& id : mine) {
    const auto found = claimed_by_.find(id);
    if (found == claimed_by_.end() || found->second.size() < 2) continue;
    for (const std::string& path : found->second) add(id, files_.at(path));
  }
  std::vector<Diagnostic> shared = shared_ids(ids);
  std::erase_if(shared, [&](const Diagnostic& finding) { return finding.file != file.row.path; });
  return shared;
}

/// Brings the row of a file to what is known of it, where that is new.
void DagFiles::tell(File& file, WallUs now, FileChanges& changes) {
  std::vector<Diagnostic> findings = file.findings;
  for (Diagnostic& shared : shared_with_others(file)) findings.push_back(std::move(shared));
  DagFileRow& row = file.row;
  row.findings_json = findings.empty() ? std::string() : render_json(findings);
  const bool fails = has_errors(findings);
  if (!fails) row.failed_since = kNoTime;
  if (fails && row.failed_since == kNoTime) row.failed_since = now;
  changes.files.push_back(row);
}

std::shared_ptr<const VersionRow> version_row(const Dag& dag, const SourceSeen& source, WallUs now) {
  auto row = std::make_shared<VersionRow>();
  row->dag_id = dag.id;
  row->version = dag.version;
  row->canonical_json = canonical_json(dag);
  row->source = source.text;
  row->source_hash = source.hash;
  row->commit = source.commit;
  row->source_file = dag.source_file;
  row->work_folder = dag.work_folder;
  row->created_at = now;
  return row;
}

}  // namespace baton
