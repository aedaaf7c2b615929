use crate::pages::text;
use crate::reader::Reader;

/// A server from the package, whose configuration gets the lines of the page; certbot is there.
pub(super) fn follow(mut reader: Reader) {
    reader.prepare(
        "id shaman || useradd --system --home-dir /var/lib/shaman shaman
         chown shaman: /var/lib/shaman; install -d -o shaman /mnt/farm
         mkdir -p /etc/letsencrypt/renewal-hooks/deploy
         echo 127.0.0.1 farm.example.org >> /etc/hosts",
    );
    let page = text("docs/ops/tls.md");
    let yaml = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    // Who listens on all networks says who may come in.
    reader.prepare(&format!(
        "cat > /etc/shaman/shaman.yaml <<'END'\n{yaml}shared_storage_path: /mnt/farm\n\
         state: /var/lib/shaman\ntrusted_networks: [127.0.0.0/8]\nEND"
    ));
    reader.paste();
    reader.paste();
    reader.paste();
    reader.start(
        "runuser -u shaman -- shaman-server --config /etc/shaman/shaman.yaml",
        &["shaman-server listening on https://…"],
    );
    reader.paste();
    reader.paste();
    // What certbot does after a renewal, but for the reload.
    reader.prepare(
        "mkdir live; cp server.pem live/fullchain.pem; cp server.key live/privkey.pem
         printf '#!/bin/sh\\necho \"$@\" > /tmp/asked\\n' > /usr/local/bin/systemctl
         chmod +x /usr/local/bin/systemctl; rm -r /etc/shaman/tls
         RENEWED_LINEAGE=$PWD/live PATH=/usr/local/bin:$PATH /etc/letsencrypt/renewal-hooks/deploy/shaman
         grep -qx 'reload shaman-server' /tmp/asked
         runuser -u shaman -- shaman-server check-config --config /etc/shaman/shaman.yaml",
    );
    reader.finish();
}
