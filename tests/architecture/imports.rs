//! What each source file of a crate names: read with a parser, so that grouped, renamed and re-exported imports and
//! paths in the middle of code count like any other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, ItemMod, ItemUse, UseTree,
    spanned::Spanned,
    visit::{self, Visit},
};

/// One path that a file names, such as `crate::store::Action`, and the line where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Name {
    pub path: Vec<String>,
    pub line: usize,
}

/// The files of a crate, by their module path (`store::writer`; the root is empty).
pub struct Crate {
    pub files: BTreeMap<String, (PathBuf, Vec<Name>)>,
}

impl Crate {
    /// Reads every file below `src`.
    pub fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        for path in sources(src) {
            let module = module_of(src, &path);
            let text = fs::read_to_string(&path).unwrap();
            files.insert(module.clone(), (path, names(&text, &module)));
        }
        Self { files }
    }

    /// Which files each file imports from the same crate.
    pub fn arrows(&self) -> BTreeMap<&str, BTreeMap<&str, usize>> {
        let mut arrows: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (module, (_, names)) in &self.files {
            let from = arrows.entry(module).or_default();
            for name in names {
                if let Some(to) = self.file_of(&name.path).filter(|to| to != module) {
                    from.entry(to).or_insert(name.line);
                }
            }
        }
        arrows
    }

    /// The file that defines or re-exports `path`: the longest module that begins it.
    fn file_of(&self, path: &[String]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        if first != "crate" {
            return None;
        }
        (1..=rest.len())
            .rev()
            .find_map(|length| self.files.get_key_value(&rest[..length].join("::")))
            .map(|(module, _)| module.as_str())
    }

    /// Every circle of files, as the files that reach each other.
    pub fn circles(&self) -> Vec<Vec<&str>> {
        let arrows = self.arrows();
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            arrows.keys().map(|from| (*from, reached(&arrows, from))).collect();
        let mut circles: BTreeSet<Vec<&str>> = BTreeSet::new();
        for (module, reached) in &reach {
            if reached.contains(module) {
                let together = reached.iter().filter(|other| reach[*other].contains(module));
                circles.insert(together.copied().collect());
            }
        }
        circles.into_iter().collect()
    }
}

fn reached<'a>(
    arrows: &BTreeMap<&'a str, BTreeMap<&'a str, usize>>,
    from: &str,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = arrows[from].keys().copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(arrows.get(next).into_iter().flat_map(|to| to.keys().copied()));
        }
    }
    found
}

pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn module_of(src: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(src).unwrap().with_extension("");
    let mut parts: Vec<_> =
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts.join("::")
}

/// The paths in `text`, which is the module `module`; what only tests see is left out.
pub fn names(text: &str, module: &str) -> Vec<Name> {
    let file = syn::parse_file(text).unwrap();
    let here = std::iter::once("crate").chain(module.split("::").filter(|part| !part.is_empty()));
    let mut reader = Reader { here: here.map(str::to_owned).collect(), found: BTreeSet::new() };
    reader.visit_file(&file);
    reader.found.into_iter().collect()
}

struct Reader {
    here: Vec<String>,
    found: BTreeSet<Name>,
}

impl Reader {
    fn add(&mut self, path: Vec<String>, line: usize) {
        if let Some(path) = self.absolute(path) {
            self.found.insert(Name { path, line });
        }
    }

    /// `super::` and `self::` resolved; `None` where that leaves the crate.
    fn absolute(&self, path: Vec<String>) -> Option<Vec<String>> {
        let mut base = match path.first().map(String::as_str) {
            Some("self") => self.here.clone(),
            Some("super") => self.here.clone(),
            _ => return Some(path),
        };
        let mut rest = path.into_iter().peekable();
        while let Some(part) = rest.next_if(|part| part == "self" || part == "super") {
            if part == "super" {
                base.pop()?;
            }
        }
        base.extend(rest);
        Some(base)
    }

    fn tree(&mut self, tree: &UseTree, before: &[String]) {
        let mut path = before.to_vec();
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.tree(&part.tree, &path);
            }
            UseTree::Name(name) => {
                if name.ident != "self" {
                    path.push(name.ident.to_string());
                }
                self.add(path, name.span().start().line);
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                self.add(path, name.span().start().line);
            }
            UseTree::Glob(star) => self.add(path, star.span().start().line),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        if item.content.is_some() {
            self.here.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.here.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.tree(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if parts.len() > 1 {
            self.add(parts, path.span().start().line);
        }
        visit::visit_path(self, path);
    }
}
