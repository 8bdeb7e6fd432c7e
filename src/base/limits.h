#pragma once

/* Every limit on what comes from outside, with its name. A limit on a message ends in a finding
 * that names it ("limit_depth"), a limit on a request ends in TRAWL_ERROR_LIMIT; neither is ever
 * silent. */

/* A message (mail/) */
#define LIMIT_MESSAGE_SIZE   (150 * 1024 * 1024) /* bytes of raw message that are read */
#define LIMIT_DEPTH          100           /* MIME nesting                                    */
#define LIMIT_PARTS          10000         /* MIME parts of one message, all depths           */
#define LIMIT_HEADER_BLOCK   (1024 * 1024) /* bytes of one header block                       */
#define LIMIT_PART_LINES     100000        /* lines that could begin a part                   */
#define LIMIT_REFERENCES     1000          /* message ids taken from one header field         */
#define LIMIT_FINDINGS       200           /* findings of one message                         */
#define LIMIT_NESTED         200           /* messages inside messages that are read          */
#define LIMIT_UNPACKED       (200 * 1024 * 1024) /* bytes from archives of one message            */
#define LIMIT_UNPACKED_FILES 10000               /* files from archives of one message            */
#define LIMIT_UNPACKED_RATIO 100                 /* times its size that an archive may hold       */
#define LIMIT_OUTLOOK_DEPTH  16                  /* items attached to Outlook items */
#define LIMIT_ADD_IN_LINES   5000 /* lines of a list in an add-in's report            */
#define LIMIT_FEEDBACK_LINES 1000 /* lines of a message/feedback-report                */
#define LIMIT_XARF_SIZE      (16 * 1024 * 1024) /* bytes of an XARF document                      */
#define LIMIT_XARF_TEXT      (256 * 1024)       /* bytes of one of its texts that are kept */
#define LIMIT_XARF_ITEMS     1000               /* items of one of its arrays */
#define LIMIT_XARF_DEPTH     32                 /* of objects in objects */
#define LIMIT_ARCHIVE_DEPTH  4                  /* archives in archives                          */
#define LIMIT_PARSED_BYTES   (600UL * 1024 * 1024) /* bytes parsed over all messages in messages */
#define LIMIT_HTML_DEPTH     1000 /* open elements of an HTML document               */
#define LIMIT_ATTRIBUTES     2000 /* attributes of one HTML element                  */
#define LIMIT_HTML_PAGES     3    /* pages in pages: srcdoc, data: URLs, conditional comments */
#define LIMIT_BASE_URL       2048 /* bytes of the URL that relative links are relative to */
#define LIMIT_HOST           2048 /* bytes of a host that is not ASCII               */
#define LIMIT_STYLE_RULES    5000 /* names that the style sheets of one page have rules for */
#define LIMIT_STYLE_RULE     4096 /* bytes of the declarations for one such name           */
#define LIMIT_STYLE_NAME     200  /* bytes of a class or id that rules are looked up for   */
#define LIMIT_HTML_MEMORY    (192UL * 1024 * 1024) /* bytes that one HTML document takes when read */
#define LIMIT_REWRITERS      10                /* rewriters around one link                       */
#define LIMIT_LINK_TEXT      500               /* bytes of the text shown for a link              */
#define LIMIT_PARAMETERS     128               /* parameters of one header field                  */
#define LIMIT_ALL_PARAMETERS 100000            /* parameters of all fields of one message         */
#define LIMIT_FEW_PARAMETERS 8                 /* parameters of a further field after those       */
#define LIMIT_LINKS          10000             /* links of one message                            */
#define LIMIT_ADDRESSES      50000             /* addresses of one header field                   */
#define LIMIT_BODY_TEXT      (2 * 1024 * 1024) /* bytes of text or HTML kept in the breakdown     */
#define LIMIT_SIGNATURES     20                /* DKIM signatures of one message that are read    */
#define LIMIT_SIGNED_FIELDS  500               /* header fields that one signature may name       */
#define LIMIT_TAGS           64                /* tags of one signature or key                    */
#define LIMIT_ARC_SETS       50   /* instances of one ARC chain (RFC 8617 §4.2.1)    */
#define LIMIT_CLAIMS         100  /* fields of authentication results of one message */
#define LIMIT_COMMENT        500  /* bytes of the comments kept of one such result   */
#define LIMIT_RSA_BITS       8192 /* bits of a signer's key                          */
#define LIMIT_DIGESTED_BYTES                                                                       \
	(600UL * 1024 * 1024) /* bytes hashed for signatures over all messages */
#define LIMIT_DOCUMENT_TEXT                                                                        \
	(2 * 1024 * 1024) /* bytes of one attachment's text searched for links */
#define LIMIT_DOCUMENT_XML      (16 * 1024 * 1024) /* bytes of one XML part of an Office document   */
#define LIMIT_OFFICE_FIELD      8192 /* bytes of one field or formula of a document   */
#define LIMIT_OLE_STREAMS       2000 /* streams of one OLE file                       */
#define LIMIT_RTF_DEPTH         256  /* groups in groups of RTF                       */
#define LIMIT_PDF_PAGES         500  /* pages whose links are read                    */
#define LIMIT_PDF_LINKS         500  /* links of one page                             */
#define LIMIT_PDF_TEXT_PAGES    50   /* pages whose text is read                      */
#define LIMIT_PDF_QR_PAGES      5    /* pages that are drawn to find QR codes         */
#define LIMIT_PDF_SIDE          1600 /* pixels of the longer side of a drawn page     */
#define LIMIT_PDF_FILE          (64 * 1024 * 1024) /* bytes of one file in a PDF                    */
#define LIMIT_PDF_OBJECTS       (8 * 1024 * 1024) /* bytes of a PDF's objects, streams aside       */
#define LIMIT_PICTURE_PIXELS    (40 * 1000 * 1000) /* pixels of one picture that is decoded */
#define LIMIT_QR_SIDE           2000 /* pixels of the longer side; larger ones are made smaller */
#define LIMIT_QR_TOTAL          (60 * 1000 * 1000) /* pixels of one message searched for QR codes   */
#define LIMIT_DRAWN             256   /* modules a side of a code drawn with characters or cells */
#define LIMIT_CALENDAR_LINES    20000 /* lines of a calendar or a card                         */
#define LIMIT_CALENDAR_PEOPLE   500   /* attendees of one event that are listed                */
#define LIMIT_FUZZY_LEAST       4096  /* bytes: a fuzzy hash of less says nothing              */
#define LIMIT_FUZZY_MOST        (32 * 1024 * 1024) /* bytes: one of more takes too long          */
#define LIMIT_READ_SECONDS      10 /* CPU seconds for one message                     */
#define LIMIT_READ_SECONDS_MOST 20 /* to which an operator may raise that            */
#define LIMIT_READERS           64 /* reader processes at once                        */
#define LIMIT_READER_MEMORY                                                                        \
	(1024UL * 1024 * 1024) /* address space of one reader process, bytes   */

/* Identity of a message */
#define LIMIT_MESSAGE_ID 998 /* bytes; a longer one is kept as its SHA-256      */

/* A mail server (server/) */
#define LIMIT_LIST_NEW 500 /* messages taken in one poll batch                */
/* Default connections to one mail server: eight copies at work each hold a login of their own,
 * beside those of the quarantine and those that wait for new mail. */
#define LIMIT_CONNECTIONS 16
#define LIMIT_FOLDERS     5000        /* folders of one mailbox that are searched        */
#define LIMIT_IMAP_LINE   (64 * 1024) /* bytes of one IMAP response line                 */
#define LIMIT_IMAP_ANSWER                                                                          \
	(16 * 1024 * 1024)    /* bytes of the answer to one IMAP command, literals aside */
#define LIMIT_IMAP_NESTING 20 /* parentheses inside each other in an IMAP answer */

/* Quarantine */
#define LIMIT_COPIES           50 /* messages with the original's Message-ID looked at in one mailbox */
#define LIMIT_READ_ALONG       (1024 * 1024) /* bytes of a message that a search brings along */
#define LIMIT_READ_ALONG_COUNT 4 /* … and how many of them                                  */

/* Sources */
#define LIMIT_WATCHES 256 /* waited on at once; any further is polled by its interval alone */

/* Single sign-on (signon/) */
#define LIMIT_SIGN_ONS        4  /* log-ins that wait for a provider at once, a web role      */
#define LIMIT_SIGN_ON_SECONDS 20 /* that one waits, for all that is asked                    */
#define LIMIT_SIGN_ON_MINUTES 10 /* between leaving for a provider and coming back           */
#define LIMIT_SIGN_ON_ANSWER                                                                       \
	(256 * 1024)            /* bytes of what a provider says of itself, its keys, or somebody */
#define LIMIT_SIGN_ON_KEYS 20   /* of a provider that are tried on one signature            */
#define LIMIT_SIGN_ON_CODE 4096 /* bytes of what a provider gives the browser along         */
#define LIMIT_ID_TOKEN     (64 * 1024) /* bytes                                                   */
#define LIMIT_SUBJECT      255  /* bytes by which a provider names somebody (OIDC Core §2)  */
#define LIMIT_GROUPS       5000 /* groups of one person that are looked at                  */
#define LIMIT_ROLE_RULES   200  /* lines that give groups a role                            */

/* Jobs */
#define LIMIT_ATTEMPTS        12  /* attempts before a job is parked                 */
#define LIMIT_READER_KILLS    2   /* readers a message may kill before it is parked  */
#define LIMIT_READINGS        6   /* readings begun of which none is known to have ended */
#define LIMIT_READER_MESSAGES 500 /* messages before a reader gives way to a fresh one */

/* What stands in lists */
#define LIMIT_TITLE 500 /* characters of a subject or name; all of it is in the breakdown */

/* The API */
#define LIMIT_REQUEST_BODY (1024 * 1024) /* bytes                                           */
#define LIMIT_PAGE         500           /* rows of one page                                */
#define LIMIT_PAGE_DEFAULT 50
#define LIMIT_AUDIT_LOOKED                                                                         \
	50000 /* records of the audit log that are looked through for one page                     \
	       */
#define LIMIT_REQUEST_BODIES                                                                       \
	(64 * 1024 * 1024) /* bytes of bodies that are arriving, all requests         */
#define LIMIT_REQUEST_HEADERS (32 * 1024) /* bytes of request line and headers               */
#define LIMIT_REQUEST_SECONDS 30          /* until a request has arrived whole               */
#define LIMIT_REQUEST_DEPTH   20          /* nesting of a JSON body                          */
#define LIMIT_CLIENTS         1024        /* connections to the API at once                  */
#define LIMIT_PASSWORD_HASHES 2           /* passphrases that are hashed at once, 64 MiB each */
#define LIMIT_LOGIN_FAILURES  10          /* wrong passphrases before an account is locked    */
#define LIMIT_AUTH_FAILURES   20          /* wrong keys from one address within a minute     */
#define LIMIT_AUTH_ADDRESSES  10000       /* addresses whose failures are remembered         */
#define LIMIT_DOWNLOADS       8           /* raw messages on their way out at once           */
#define LIMIT_TAKEN_OUT                                                                            \
	(64 * 1024 * 1024) /* bytes of attachments that are taken out of a message at once */
#define LIMIT_TAKEN_FILES     1000  /* … and how many of them                          */
#define LIMIT_LOOKS_INSIDE    2     /* requests for which a message is read, at once   */
#define LIMIT_LOOK_SECONDS    30    /* that such a request waits for the reader        */
#define LIMIT_STREAMS         256   /* open server-sent event streams                  */
#define LIMIT_STATISTICS_DAYS 400   /* days of one look at what went on                */
#define LIMIT_COMMENTS        1000  /* comments of one incident                        */
#define LIMIT_VIEWS           100   /* saved views of one person                       */
#define LIMIT_FILTER          1000  /* characters of a view's filter                   */
#define LIMIT_TEAM            1000  /* people, keys or sources of one team */
#define LIMIT_VIPS            1000  /* people whose mail takes a permission of its own */
#define LIMIT_FILTER_LINKS    20000 /* incidents that a filter by link may have        */
#define LIMIT_NAME            200   /* characters of a name                            */
#define LIMIT_DESCRIPTION     4000  /* characters                                      */

/* A search (search/) */
#define LIMIT_SEARCH_TEXT   500 /* characters of what is asked                                   */
#define LIMIT_SEARCH_TERMS  20  /* parts of it                                                   */
#define LIMIT_SEARCH_PHRASE 20  /* words of one part                                             */
#define LIMIT_SEARCH_WORD   100 /* octets of a word that are compared                            */
#define LIMIT_SEARCH_WORDS  20000 /* different words of one incident; more are not found */
#define LIMIT_SEARCH_PEOPLE                                                                        \
	50000                  /* recipients and reports of one incident that are found         */
#define LIMIT_SEARCH_DEPTH  20 /* attachments in attachments                                    */
#define LIMIT_SEARCH_ROWS   20000 /* rows of the index that one word or prefix may take */
#define LIMIT_SEARCH_LOOKED 500   /* incidents that are looked at for one page   */
#define LIMIT_SEARCH_LOOKED_WORDS                                                                  \
	3000000 /* words of theirs that are looked at                       */
#define LIMIT_SEARCH_SNIPPET_WORDS 20000 /* words of a text in which a hit is shown */

/* What the DNS answers (net/) */
#define LIMIT_DNS_TEXT    8192 /* bytes of one TXT record                         */
#define LIMIT_DNS_RECORDS 8    /* TXT records of one name                         */
#define LIMIT_DNS_LOOKUPS 20   /* names asked for one message                     */
#define LIMIT_DNS_SECONDS 3    /* for all that one message asks                   */
#define LIMIT_DNS_CACHE   4096 /* answers remembered                              */

/* What peers answer over HTTP (net/) */
#define LIMIT_HTTP_ANSWER  (64 * 1024 * 1024) /* bytes of a body that is taken whole     */
#define LIMIT_HTTP_HEADERS 200                /* header fields of an answer              */
#define LIMIT_SSE_EVENT    (1024 * 1024)      /* bytes of one server-sent event          */
