//! How one place in the pack names another.

/// Gives the way from the directory `base` to `target`, as a .blend says it: `//../tex/a.png`. Both
/// are places in the pack; `name` comes behind `target` and may be any bytes.
pub(super) fn relative(base: &str, target: &str, name: Option<&[u8]>) -> Vec<u8> {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (base, target) = (parts(base), parts(target));
    let common = base.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let up = base.iter().skip(common).map(|_| b"..".as_slice());
    let down = target.iter().skip(common).map(String::as_bytes);
    let steps: Vec<&[u8]> = up.chain(down).chain(name).collect();
    [b"//".as_slice(), &steps.join(&b'/')].concat()
}

#[cfg(test)]
mod tests {
    use super::relative;

    fn text(base: &str, target: &str, name: &str) -> String {
        let name = Some(name.as_bytes()).filter(|name| !name.is_empty());
        String::from_utf8(relative(base, target, name)).unwrap()
    }

    #[test]
    fn the_way_goes_up_and_down() {
        assert_eq!(text("", "tex", "a.png"), "//tex/a.png");
        assert_eq!(text("shots", "tex/wood", "a.png"), "//../tex/wood/a.png");
        assert_eq!(text("shots", "shots", "a.png"), "//a.png");
        assert_eq!(text("a/b/c", "a/d", ""), "//../../d");
        assert_eq!(text("a", "", "x"), "//../x");
        assert_eq!(text("a", "a", ""), "//");
    }
}
