//! Submodules of a checkout: folders of it that are repositories of their own, as `git submodule add`
//! leaves them. Nothing of theirs is fetched from where `.gitmodules` says that it is.

use std::fs;
use std::path::Path;

use super::Checkout;

impl Checkout {
    pub(crate) fn has_no_submodules(&self) -> bool {
        self.now.submodules.is_empty()
    }

    /// Makes a submodule of a folder, with the files that it has.
    pub(super) fn add_submodule(&self, folder: &str) {
        self.git(&["rm", "-r", "--cached", "--force", "--quiet", "--ignore-unmatch", "--", folder]);
        self.git(&["init", "--quiet", "--initial-branch=main", folder]);
        self.git(&["-C", folder, "add", "--all", "--force"]);
        self.git(&["-C", folder, "commit", "--quiet", "--allow-empty", "--message=first"]);
        let name = self.submodule_name(folder);
        let nowhere = "https://example.invalid/submodule";
        let add = ["submodule", "--quiet", "add", "--force", "--name", &name, "--", nowhere];
        self.git(&[&add[..], &[folder]].concat());
        self.git(&["submodule", "--quiet", "absorbgitdirs", "--", folder]);
    }

    /// Takes a submodule away, with its files and all that git knows of it.
    pub(super) fn remove_submodule(&self, folder: &str) {
        self.git(&["submodule", "--quiet", "deinit", "--force", "--", folder]);
        self.git(&["rm", "-r", "--force", "--quiet", "--", folder]);
        fs::remove_dir_all(self.submodule_repository(folder)).unwrap();
    }

    pub(super) fn stage_submodules(&self) {
        for folder in &self.now.submodules {
            self.git(&["-C", folder, "add", "--all", "--force"]);
        }
    }

    pub(super) fn commit_submodules(&self) {
        self.stage_submodules();
        for folder in &self.now.submodules {
            let has_changed =
                !self.try_git(&["-C", folder, "diff", "--cached", "--quiet"]).status.success();
            if has_changed {
                self.git(&["-C", folder, "commit", "--quiet", "--message=next"]);
            }
        }
    }

    /// Brings the submodules of a clone, at the commits that it names.
    pub(super) fn fetch_submodules(&self, clone: &str) {
        if !Path::new(clone).join(".gitmodules").exists() {
            return;
        }
        for folder in &self.now.submodules {
            let key = format!("submodule.{}.url", self.submodule_name(folder));
            let url = self.submodule_repository(folder);
            self.git(&["-C", clone, "config", &key, &url]);
        }
        let allow = "protocol.file.allow=always";
        self.git(&["-C", clone, "-c", allow, "submodule", "--quiet", "update", "--init"]);
    }

    /// Its path in the repository.
    fn submodule_name(&self, folder: &str) -> String {
        Path::new(self.subfolder).join(folder).to_str().unwrap().to_owned()
    }

    fn submodule_repository(&self, folder: &str) -> String {
        format!("{}/.git/modules/{}", self.repository(), self.submodule_name(folder))
    }
}
