/* OHIF as a guest of this server: same origin, nothing from outside, no configuration by URL. */
window.config = {
  name: 'isocenter',
  routerBasename: '/viewer',
  extensions: [],
  modes: [],
  customizationService: {},
  showStudyList: true,
  maxNumberOfWebWorkers: 3,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  maxNumRequests: { interaction: 100, thumbnail: 75, prefetch: 25 },
  investigationalUseDialog: { option: 'never' },
  defaultDataSourceName: 'isocenter',
  dataSources: [
    {
      namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
      sourceName: 'isocenter',
      configuration: {
        friendlyName: 'Isocenter',
        name: 'isocenter',
        wadoUriRoot: '/dicom-web',
        qidoRoot: '/dicom-web',
        wadoRoot: '/dicom-web',
        qidoSupportsIncludeField: true,
        supportsReject: false,
        dicomUploadEnabled: false,
        imageRendering: 'wadors',
        thumbnailRendering: 'wadors',
        enableStudyLazyLoad: true,
        supportsFuzzyMatching: true,
        supportsWildcard: true,
        singlepart: 'bulkdata,video,pdf',
        bulkDataURI: { enabled: true, relativeResolution: 'studies' },
        omitQuotationForMultipartRequest: true,
        /* out of the streaming rendition where there is one, else as stored: these words go out as they are */
        acceptHeader: [
          'multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.202, multipart/related; type=application/octet-stream; transfer-syntax=*; q=0.5',
        ],
      },
    },
  ],
};

/* Beside an open study OHIF asks for its patient's other studies by patient ID alone, but a patient is (issuer, id):
   two hospitals' 12345 are two people. The server knows the issuers; it is told which studies are open. */
(() => {
  const limited = (address) => {
    const open = new URLSearchParams(location.search).getAll('StudyInstanceUIDs').join(',').replaceAll(' ', '');
    const url = new URL(address, location.href);
    const byPatient = url.pathname === '/dicom-web/studies' && (url.searchParams.has('00100020') || url.searchParams.has('PatientID'));
    if (!open || !byPatient || url.origin !== location.origin) return address;
    url.searchParams.set('samepatientas', open);
    return url.href;
  };
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function openLimited(method, address, ...rest) {
    return open.call(this, method, limited(address), ...rest);
  };
  const { fetch } = window;
  window.fetch = (asked, ...rest) => fetch(typeof asked === 'string' || asked instanceof URL ? limited(asked) : asked, ...rest);
})();
