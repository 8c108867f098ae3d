//! Codes of what is found in the folder of a policy and is not read.

super::codes! {
    LEADS_OUT "BDR-P070" "link-leads-out" "A link that leads out of the policy's folder."
    "A policy may come from a stranger, in a pull request: a link to `~/.netrc` or `/proc/self/environ` among its files would have bdr
print what stands there, and `bdr fmt` rewrite it. So a link in the folder of a policy is followed only where it leads to a file
below that folder, and `bdr.yaml` or `bdr`, where nobody named them, only where they lead to something below the present one.
Links to folders are passed over. What the caller names with `-p` or as an argument is the caller's word and may be a link to
anywhere.";

    NOT_A_FILE "BDR-P071" "not-a-file" "Something in the policy's folder that is not a file."
    "A pipe, a socket or a device that is called like a policy is not opened: reading it could wait or go on for ever. What the caller
names may be a pipe, such as `bdr lint <(generate)`.";
}
